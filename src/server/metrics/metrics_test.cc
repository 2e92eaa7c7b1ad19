#include "server/metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <sstream>

namespace zubr::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

AccessRecord record(std::string method, std::string_view route, int status, std::int64_t microseconds) {
  AccessRecord made{.request_id = "r",
                    .remote = "127.0.0.1",
                    .method = std::move(method),
                    .path = "/secret",
                    .route = route,
                    .key_id = {},
                    .trace = {}};
  made.status = status;
  made.total = made.first_byte = std::chrono::microseconds(microseconds);
  return made;
}

TEST(Metrics, CountRequestsByMethodRouteAndStatus) {
  Metrics metrics;
  metrics.count(record("POST", "/v1/chat/completions", 200, 100));
  metrics.count(record("POST", "/v1/chat/completions", 200, 100));
  metrics.count(record("POST", "/v1/chat/completions", 503, 100));
  metrics.count_generation({.prompt_tokens = 7, .cached_prompt_tokens = 3, .completion_tokens = 5});
  const std::string text = metrics.text();
  EXPECT_THAT(text,
              HasSubstr("zubr_http_requests_total{method=\"POST\",route=\"/v1/chat/completions\",status=\"200\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("status=\"503\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("zubr_prompt_tokens_total 7\n"));
  EXPECT_THAT(text, HasSubstr("zubr_cached_prompt_tokens_total 3\n"));
  EXPECT_THAT(text, HasSubstr("zubr_completion_tokens_total 5\n"));
  EXPECT_THAT(text, Not(HasSubstr("secret")));
}

TEST(Metrics, NoClientMakesLabelsUp) {
  Metrics metrics;
  for (int i = 0; i < 100; ++i) metrics.count(record("METHOD" + std::to_string(i), "", 405, 1));
  EXPECT_THAT(metrics.text(), HasSubstr("{method=\"other\",route=\"\",status=\"405\"} 100\n"));
}

TEST(Metrics, AskGaugesWhenSomebodyLooks) {
  Metrics metrics;
  double value = 1;
  metrics.add_gauge("g", "help", [&] { return value; });
  EXPECT_THAT(metrics.text(), HasSubstr("# TYPE g gauge\ng 1\n"));
  value = 2.5;
  EXPECT_THAT(metrics.text(), HasSubstr("\ng 2.5\n"));
}

RC_GTEST_PROP(MetricsProperty, BucketsNeverFallAndEndWithTheCount, (std::vector<unsigned> times)) {
  Metrics metrics;
  for (const unsigned time : times) metrics.count(record("GET", "/x", 200, time));
  std::istringstream lines(metrics.text());
  std::uint64_t last = 0, count = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("zubr_http_request_seconds_bucket")) continue;
    const std::uint64_t value = std::stoull(line.substr(line.rfind(' ')));
    RC_ASSERT(value >= last);
    last = value;
    ++count;
  }
  RC_ASSERT(last == times.size());
  RC_ASSERT(count == (times.empty() ? 0u : Histogram::kBounds.size() + 1));
}

// The form that Prometheus reads: a comment, or a name with labels and a number.
TEST(Metrics, EveryLineHasItsForm) {
  Metrics metrics;
  metrics.count(record("GET", "/v1/models/{id}", 200, 1'000));
  std::istringstream lines(metrics.text());
  for (std::string line; std::getline(lines, line);)
    EXPECT_THAT(line,
                ::testing::MatchesRegex("# (HELP|TYPE) [a-z_]+ .+|[a-z_]+(\\{[^}]*(\\{id\\})?[^}]*\\})? [0-9.e+-]+"));
}

}  // namespace
}  // namespace zubr::server
