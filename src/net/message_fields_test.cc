#include "net/message_fields.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "net/headers.h"

namespace zubr::net {
namespace {

TEST(ContentRange, ReadsTheThreeForms) {
  const auto part = parse_content_range("bytes 100-199/1000");
  ASSERT_TRUE(part && part->satisfied);
  EXPECT_EQ(part->first, 100U);
  EXPECT_EQ(part->last, 199U);
  EXPECT_EQ(part->total, 1000U);
  EXPECT_FALSE(parse_content_range("bytes 0-9/*")->total);
  const auto unsatisfied = parse_content_range("bytes */1000");
  ASSERT_TRUE(unsatisfied);
  EXPECT_FALSE(unsatisfied->satisfied);
  EXPECT_EQ(unsatisfied->total, 1000U);
}

TEST(ContentRange, RefusesWhatDoesNotAddUp) {
  for (const char* value : {"", "bytes", "bytes 5-4/10", "bytes 0-10/10", "bytes a-b/c", "bytes */*", "items 0-1/2",
                            "bytes 0-1", "bytes -1-2/5", "bytes 0-99999999999999999999/*"})
    EXPECT_FALSE(parse_content_range(value)) << value;
}

TEST(NextLink, FindsTheNextPageAmongOthers) {
  EXPECT_EQ(parse_next_link(R"(<https://a/1>; rel="prev", <https://a/3?cursor=x>; rel="next")"),
            "https://a/3?cursor=x");
  EXPECT_FALSE(parse_next_link(R"(<https://a/1>; rel="prev")"));
  EXPECT_FALSE(parse_next_link("<https://a/1"));
}

TEST(BearerChallenge, ReadsQuotedAndPlainParameters) {
  const auto challenge = parse_bearer_challenge(
      R"(Bearer realm="https://auth.example/token", service="reg,istry",scope=repository:a:pull)");
  ASSERT_TRUE(challenge);
  EXPECT_EQ(challenge->get("realm"), "https://auth.example/token");
  EXPECT_EQ(challenge->get("service"), "reg,istry");
  EXPECT_EQ(challenge->get("scope"), "repository:a:pull");
  EXPECT_FALSE(parse_bearer_challenge("Basic realm=\"x\""));
  EXPECT_FALSE(parse_bearer_challenge("Bearer realm=\"never closed"));
}

RC_GTEST_PROP(MessageFields, SurviveAnyBytes, (const std::string& text)) {
  parse_content_range(text);
  parse_next_link(text);
  parse_bearer_challenge("Bearer " + text);
  RC_SUCCEED();
}

TEST(Headers, CompareNamesWithoutCaseAndKeepOrder) {
  Headers headers{{"Content-Type", "a"}, {"content-type", "b"}};
  EXPECT_EQ(headers.get("CONTENT-TYPE"), "a");
  headers.set("Content-type", "c");
  EXPECT_EQ(headers.size(), 1U);
  EXPECT_FALSE(headers.find("x"));
}

TEST(Headers, KnowWhichFieldsAreCredentials) {
  EXPECT_TRUE(is_credential("AUTHORIZATION"));
  EXPECT_TRUE(is_credential("Cookie"));
  EXPECT_FALSE(is_credential("Accept"));
}

TEST(Headers, RefuseAFieldThatWouldSmuggleAnother) {
  EXPECT_TRUE(is_valid_field({"Accept", "text/html"}));
  EXPECT_FALSE(is_valid_field({"Accept", "a\r\nX: y"}));
  EXPECT_FALSE(is_valid_field({"Acc ept", "a"}));
  EXPECT_FALSE(is_valid_field({"", "a"}));
}

}  // namespace
}  // namespace zubr::net
