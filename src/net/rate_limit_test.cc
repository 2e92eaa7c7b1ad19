#include "net/rate_limit.h"

#include <gtest/gtest.h>

namespace zubr::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::system_clock;

system_clock::time_point at(int year, unsigned month, unsigned day) {
  return std::chrono::sys_days{std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day}};
}

TEST(RetryAfter, ReadsSecondsAndDates) {
  const auto now = *parse_http_date("Wed, 21 Oct 2026 07:28:00 GMT");
  EXPECT_EQ(parse_retry_after("120", now), seconds{120});
  EXPECT_EQ(parse_retry_after(" 1.5 ", now), milliseconds{1500});
  EXPECT_EQ(parse_retry_after("Wed, 21 Oct 2026 07:28:30 GMT", now), seconds{30});
  EXPECT_EQ(parse_retry_after("Wed, 21 Oct 2026 07:00:00 GMT", now), seconds{0});
}

TEST(RetryAfter, IgnoresWhatIsNeither) {
  const auto now = at(2026, 1, 1);
  for (const char* value : {"", "soon", "-5", "12x", "1e300", "Wed, 99 Foo 2026 07:28:00 GMT", "nan", "inf"})
    EXPECT_FALSE(parse_retry_after(value, now)) << value;
}

TEST(HttpDate, MatchesTheExampleOfTheStandard) {
  const auto time = parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
  ASSERT_TRUE(time);
  EXPECT_EQ(system_clock::to_time_t(*time), 784111777);
  EXPECT_FALSE(parse_http_date("Sun, 31 Feb 1994 08:49:37 GMT"));
}

TEST(RateLimit, ReadsEveryPolicyOfTheField) {
  const auto limits = parse_rate_limit(R"("api";r=0;t=55, "resolvers";r=12;t=55)");
  ASSERT_EQ(limits.size(), 2U);
  EXPECT_EQ(limits[0].policy, "api");
  EXPECT_EQ(limits[0].remaining, 0);
  EXPECT_EQ(limits[0].reset, seconds{55});
  EXPECT_EQ(limits[1].remaining, 12);
  EXPECT_TRUE(parse_rate_limit("garbage").empty());
}

TEST(RequestedWait, PrefersRetryAfterAndElseAnExhaustedPolicy) {
  const auto now = at(2026, 1, 1);
  EXPECT_EQ(requested_wait({{"Retry-After", "3"}, {"RateLimit", R"("api";r=0;t=55)"}}, now), seconds{3});
  EXPECT_EQ(requested_wait({{"RateLimit", R"("api";r=0;t=55)"}}, now), seconds{55});
  EXPECT_FALSE(requested_wait({{"RateLimit", R"("api";r=4;t=55)"}}, now));
  EXPECT_FALSE(requested_wait({}, now));
}

}  // namespace
}  // namespace zubr::net
