#include "net/url.h"

#include <gtest/gtest.h>

namespace zubr::net {
namespace {

TEST(Url, FillsInTheDefaultPortAndLowersTheHost) {
  const auto url = Url::parse("HTTPS://Models.Example.COM/a/b.gguf?x=1#part");
  ASSERT_TRUE(url) << url.error().message();
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "models.example.com");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->target, "/a/b.gguf?x=1");
  EXPECT_EQ(url->text.find('#'), std::string::npos);
}

TEST(Url, RefusesWhatCannotOrMustNotBeFetched) {
  for (const char* text : {"", "models", "/a/b", "file:///etc/passwd", "ftp://a/b", "http://", "http://user:pw@a/b",
                           "http://a b/c", "http://a/\r\nX: y", "gopher://a/"}) {
    const auto url = Url::parse(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code(), ErrorCode::kInvalidArgument) << text;
  }
}

TEST(Url, ResolvesAReferenceLikeABrowser) {
  const auto url = Url::parse("https://a.example/x/y?q=1");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->resolve("/z")->text, "https://a.example/z");
  EXPECT_EQ(url->resolve("z")->text, "https://a.example/x/z");
  EXPECT_EQ(url->resolve("//b.example/z")->text, "https://b.example/z");
  EXPECT_FALSE(url->resolve("file:///etc/passwd"));
}

TEST(Url, TakesAnotherPortOrSchemeForAnotherOrigin) {
  const auto a = *Url::parse("http://h:1/");
  EXPECT_TRUE(a.same_origin(*Url::parse("http://h:1/other")));
  EXPECT_FALSE(a.same_origin(*Url::parse("http://h:2/")));
  EXPECT_FALSE(a.same_origin(*Url::parse("https://h:1/")));
  EXPECT_TRUE(Url::parse("https://h/")->same_origin(*Url::parse("https://h:443/")));
}

TEST(Url, HidesTheQueryInMessages) {
  EXPECT_EQ(Url::parse("https://cdn.example/blob?Signature=secret")->display(), "https://cdn.example/blob");
}

TEST(Url, EncodesEverythingThatHasAMeaning) {
  EXPECT_EQ(percent_encode("a/b c?ż"), "a%2Fb%20c%3F%C5%BC");
  EXPECT_EQ(percent_encode_path("a/b c"), "a/b%20c");
}

}  // namespace
}  // namespace zubr::net
