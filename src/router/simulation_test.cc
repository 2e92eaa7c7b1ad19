// Many requests in virtual time over the endpoints of one real model (deepseek-chat-v3-0324 as OpenRouter listed them
// in July 2025: 17 providers with prices, speeds and data policies), with outages and full rates, seeded. An oracle
// that knows who is up says what the cheapest possible would have cost.
//
// ZUBR_SIMULATED_REQUESTS sets how many; 20,000 without it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>

#include "catalog/sources/importers.h"
#include "core/text_file.h"
#include "router/router.h"

namespace zubr::router {
namespace {

using namespace std::chrono_literals;
using providers::Fault;
using TimePoint = core::Clock::TimePoint;

std::filesystem::path data_folder() {
  const char* set = std::getenv("ZUBR_TEST_DATA");
  return set != nullptr ? set : "../shared/data";
}

int request_count() {
  const char* set = std::getenv("ZUBR_SIMULATED_REQUESTS");
  return set != nullptr ? std::atoi(set) : 20'000;
}

// Up for about half an hour, then down for about two minutes, and so on.
struct Weather {
  TimePoint changes{};
  bool up = true;
  Fault fault = Fault::kServerError;
};

class Simulation : public EndpointSource, public EndpointCaller {
 public:
  Simulation(std::vector<Endpoint> endpoints, unsigned seed) : all(std::move(endpoints)), generator(seed) {
    for (const Endpoint& endpoint : all) weather[endpoint.provider] = {.changes = clock->now() + span(true)};
  }

  Result<std::vector<Endpoint>> endpoints(const std::string&) override { return all; }

  providers::UpstreamResult<providers::Answer> generate(const Endpoint& endpoint, int,
                                                        const inference::GenerateRequest& request,
                                                        const inference::EventSink& sink, std::stop_token) override {
    const Weather& now = at(endpoint.provider);
    if (!now.up) {
      clock->advance(50ms);
      providers::UpstreamError error{.fault = now.fault, .message = "down"};
      if (now.fault == Fault::kRateLimited) error.retry_after = 20s;
      return tl::unexpected(std::move(error));
    }
    clock->advance(std::chrono::milliseconds(static_cast<int>(endpoint.latency_ms.value_or(1000))));
    sink(inference::TextDelta{"x", {}});
    const double tokens = request.max_tokens;
    clock->advance(std::chrono::microseconds(static_cast<int>(1e6 * tokens / endpoint.tokens_per_second.value_or(20))));
    providers::Answer answer;
    answer.usage_known = true;
    answer.generation.usage = {.prompt_tokens = 1000, .completion_tokens = request.max_tokens};
    return answer;
  }
  providers::UpstreamResult<providers::Embedded> embed(const Endpoint&, int, const inference::EmbedRequest&,
                                                       std::stop_token) override {
    return tl::unexpected(providers::UpstreamError{.fault = Fault::kUnsupported});
  }

  const Weather& at(const std::string& provider) {
    Weather& now = weather[provider];
    while (now.changes <= clock->now()) {
      now.up = !now.up;
      now.fault = generator() % 3 == 0   ? Fault::kRateLimited
                  : generator() % 2 == 0 ? Fault::kOverloaded
                                         : Fault::kServerError;
      now.changes += span(now.up);
    }
    return now;
  }

  std::shared_ptr<core::FakeClock> clock = std::make_shared<core::FakeClock>();
  std::vector<Endpoint> all;
  std::map<std::string, Weather> weather;
  std::mt19937 generator;

 private:
  std::chrono::milliseconds span(bool up) {
    std::exponential_distribution<double> draw(1.0 / (up ? 1'800'000 : 120'000));
    return std::chrono::milliseconds(1 + static_cast<std::int64_t>(draw(generator)));
  }
};

std::vector<Endpoint> real_endpoints() {
  const auto file = data_folder() / "catalogue/openrouter/endpoints-2025-07/output.json";
  const auto text = core::read_text_file(file, 64u << 20);
  if (!text) return {};
  const auto facts = catalog::import_openrouter_endpoints(*text);
  std::vector<Endpoint> endpoints;
  for (const catalog::ModelFact& fact : facts->models)
    for (const catalog::Offer& offer : fact.offers) {
      Endpoint endpoint{.provider = offer.provider, .model = fact.address.name, .tag = offer.tag};
      endpoint.privacy.trains = offer.trains;
      endpoint.privacy.retains = offer.retains;
      endpoint.features = providers::kChat;
      endpoint.prices = {.input = offer.input, .output = offer.output};
      endpoint.latency_ms = offer.latency_ms;
      endpoint.tokens_per_second = offer.tokens_per_second;
      endpoints.push_back(std::move(endpoint));
    }
  return endpoints;
}

struct Sum {
  std::int64_t answered = 0, possible = 0, attempts = 0;
  double cost = 0, oracle = 0, seconds = 0;
};

// The least that this request could have cost, of those who are up and may be asked.
std::optional<double> oracle(Simulation& world, const Rules& rules, const RequestShape& shape,
                             const Consumption& used) {
  std::optional<double> least;
  for (const Endpoint& endpoint : world.all) {
    if (reject(endpoint, rules, shape) || !world.at(endpoint.provider).up) continue;
    const auto cost = cost_of(endpoint.prices, used);
    if (cost) least = std::min(least.value_or(1e18), static_cast<double>(cost->count));
  }
  return least;
}

Sum simulate(Policy policy, unsigned seed, int requests) {
  const auto world = std::make_shared<Simulation>(real_endpoints(), seed);
  RouterParts parts;
  parts.source = world;
  parts.caller = world;
  parts.clock = world->clock;
  parts.random = [world] { return std::uniform_real_distribution<double>(0, 1)(world->generator); };
  parts.pause = [world](std::chrono::nanoseconds time, std::stop_token) { world->clock->advance(time); };
  Router router(std::move(parts));
  inference::GenerateRequest request;
  request.messages = {{inference::Role::kUser, std::string(4000, 'x')}};
  request.max_tokens = 100;
  Sum sum;
  for (int i = 0; i < requests; ++i) {
    const Route route{
        .models = {"m"}, .rules = {.privacy = i % 2 == 0 ? Privacy::kZdr : Privacy::kAny}, .policy = policy};
    const auto least =
        oracle(*world, route.rules, shape_of(request), {.prompt_tokens = 1000, .completion_tokens = 100});
    const auto start = world->clock->now();
    RouteRecord record;
    const auto answer = router.generate(route, request, {}, {}, record);
    for (const Attempt& attempt : record.attempts)
      for (const Endpoint& endpoint : world->all) {
        const bool is_it = endpoint.name() == attempt.endpoint;
        EXPECT_TRUE(!is_it || i % 2 != 0 || endpoint.privacy.zero_retention()) << attempt.endpoint;
      }
    sum.attempts += static_cast<std::int64_t>(record.attempts.size());
    sum.seconds += std::chrono::duration<double>(world->clock->now() - start).count();
    if (!least) continue;
    ++sum.possible;
    if (!answer) continue;
    ++sum.answered;
    sum.cost += static_cast<double>(record.attempts.back().cost->count);
    sum.oracle += *least;
  }
  return sum;
}

void report(const char* policy, const Sum& sum) {
  std::printf("%-9s answered %.4f %% of what could be, cost %.4f x the oracle's, %.2f attempts, %.2f s on average\n",
              policy, 100.0 * static_cast<double>(sum.answered) / static_cast<double>(sum.possible),
              sum.cost / sum.oracle, static_cast<double>(sum.attempts) / static_cast<double>(sum.possible),
              sum.seconds / static_cast<double>(sum.possible));
}

TEST(Simulation, OverRealEndpointsAlmostAllIsAnsweredAtAlmostTheLeastCost) {
  const auto endpoints = real_endpoints();
  if (endpoints.empty()) GTEST_SKIP() << "no endpoints under " << data_folder() << "; set ZUBR_TEST_DATA";
  ASSERT_EQ(endpoints.size(), 17u);
  const Sum cheapest = simulate(Policy::kCheapest, 42, request_count());
  report("cheapest", cheapest);
  EXPECT_GE(cheapest.answered, cheapest.possible * 999 / 1000);
  EXPECT_LE(cheapest.cost, cheapest.oracle * 1.03);
  const Sum fastest = simulate(Policy::kFastest, 42, request_count() / 10);
  report("fastest", fastest);
  EXPECT_LT(fastest.seconds / static_cast<double>(fastest.possible),
            cheapest.seconds / static_cast<double>(cheapest.possible) / 2);
  const Sum balanced = simulate(Policy::kBalanced, 42, request_count() / 10);
  report("balanced", balanced);
  EXPECT_GE(balanced.answered, balanced.possible * 999 / 1000);
}

TEST(Simulation, TheSameSeedGivesTheSameRun) {
  if (real_endpoints().empty()) GTEST_SKIP() << "no endpoints under " << data_folder() << "; set ZUBR_TEST_DATA";
  const Sum a = simulate(Policy::kBalanced, 7, 500), b = simulate(Policy::kBalanced, 7, 500);
  EXPECT_EQ(a.attempts, b.attempts);
  EXPECT_EQ(a.cost, b.cost);
}

}  // namespace
}  // namespace zubr::router
