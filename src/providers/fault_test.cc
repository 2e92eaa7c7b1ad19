#include "providers/fault.h"

#include <gtest/gtest.h>

namespace zubr::providers {
namespace {

constexpr std::string_view kKey = "gsk_abcdefghijklmnop";

TEST(Fault, SaysWhatToDoNext) {
  EXPECT_TRUE(is_dead_key(Fault::kBadKey));
  EXPECT_TRUE(is_dead_key(Fault::kNoCredit));
  EXPECT_FALSE(is_dead_key(Fault::kRateLimited));
  EXPECT_TRUE(may_pass(Fault::kServerError));
  EXPECT_FALSE(may_pass(Fault::kBadRequest));
  EXPECT_FALSE(worth_another_provider(Fault::kBadRequest));
  EXPECT_FALSE(worth_another_provider(Fault::kCancelled));
  EXPECT_TRUE(worth_another_provider(Fault::kContextTooLong)) << "another one may read more";
  EXPECT_EQ(code_of(Fault::kContextTooLong), ErrorCode::kTooLarge);
  EXPECT_EQ(fault_name(Fault::kNotUnderstood), "not_understood");
}

TEST(Fault, ReadsTheErrorsOfAnthropicAndGoogle) {
  const auto fault = [](int status, std::string_view body) { return classify(read_complaint(status, body)); };
  EXPECT_EQ(
      fault(400, R"({"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 > 8"}})"),
      Fault::kContextTooLong);
  EXPECT_EQ(fault(200, R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"),
            Fault::kOverloaded);
  EXPECT_EQ(fault(401, R"({"type":"error","error":{"type":"authentication_error","message":"x"}})"), Fault::kBadKey);
  EXPECT_EQ(
      fault(400,
            R"({"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low"}})"),
      Fault::kNoCredit);
  EXPECT_EQ(fault(429, R"([{"error":{"code":429,"message":"q","status":"RESOURCE_EXHAUSTED"}}])"), Fault::kRateLimited);
  EXPECT_EQ(fault(400, R"({"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}})"),
            Fault::kBadKey);
  EXPECT_EQ(fault(503, R"({"error":{"code":503,"status":"UNAVAILABLE"}})"), Fault::kOverloaded);
}

TEST(SaySafely, HidesKeysPromptsAndControlCharacters) {
  EXPECT_EQ(say_safely("fine\nreally\x1b", {kKey}, {"a prompt"}), "fine really ");
  EXPECT_EQ(say_safely("key gsk_abcdef is bad", {kKey}, {}).find("gsk_"), std::string::npos);
  EXPECT_EQ(say_safely("key ijklmn is bad", {kKey}, {}).find("ijklmn"), std::string::npos) << "a part is a part";
  EXPECT_EQ(
      say_safely("cannot read 'PESEL 44051401359 of Jan'", {}, {"PESEL 44051401359 of Jan Kowalski"}).find("4405"),
      std::string::npos);
  EXPECT_EQ(say_safely("you wrote: kota", {}, {"kota"}).find("kota"), std::string::npos) << "a short prompt too";
  EXPECT_LE(say_safely(std::string(5000, 'x'), {}, {}).size(), 303u);
  EXPECT_EQ(say_safely("\xff\xfe", {}, {}), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

}  // namespace
}  // namespace zubr::providers
