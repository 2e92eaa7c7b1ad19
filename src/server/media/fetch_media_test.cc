#include "server/media/fetch_media.h"

#include <gtest/gtest.h>

namespace zubr::server {
namespace {

std::vector<inference::Message> with_urls(int count) {
  std::vector<inference::Message> messages(1);
  messages[0].media.push_back({.bytes = "here", .at = 0});
  for (int i = 0; i < count; ++i)
    messages[0].media.push_back({.bytes = {}, .at = 0, .url = "http://x/" + std::to_string(i)});
  return messages;
}

TEST(FetchMedia, PutsTheBytesInTheirPlace) {
  auto messages = with_urls(2);
  const auto fetcher = [](const std::string& url, std::stop_token) -> Result<std::string> { return "of " + url; };
  EXPECT_FALSE(fetch_media(fetcher, messages, "messages", {}));
  EXPECT_EQ(messages[0].media[0].bytes, "here");
  EXPECT_EQ(messages[0].media[1].bytes, "of http://x/0");
  EXPECT_EQ(messages[0].media[2].bytes, "of http://x/1");
  EXPECT_TRUE(messages[0].media[2].url.empty());
}

TEST(FetchMedia, FetchesNothingUnlessItIsTold) {
  auto messages = with_urls(1);
  EXPECT_EQ(fetch_media(nullptr, messages, "messages", {})->code, "unsupported");
  auto none = with_urls(0);
  EXPECT_FALSE(fetch_media(nullptr, none, "messages", {}));
}

TEST(FetchMedia, SaysWhatWentWrong) {
  auto messages = with_urls(1);
  const auto refuse = [](const std::string&, std::stop_token) -> Result<std::string> {
    return fail(ErrorCode::kPermissionDenied, "it is private");
  };
  const auto error = fetch_media(refuse, messages, "input", {});
  EXPECT_EQ(error->status, 400);
  EXPECT_EQ(error->message, "it is private");
  EXPECT_EQ(error->param, "input");
  int asked = 0;
  auto many = with_urls(17);
  const auto count = [&](const std::string&, std::stop_token) -> Result<std::string> {
    ++asked;
    return std::string("x");
  };
  EXPECT_TRUE(fetch_media(count, many, "messages", {}));
  EXPECT_EQ(asked, 16);
}

}  // namespace
}  // namespace zubr::server
