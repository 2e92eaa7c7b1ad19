#include "router/router.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "inference/fake_backend.h"
#include "inference/one_model_host.h"
#include "router/routed_model.h"
#include "router/testing/endpoints.h"

namespace zubr::router {
namespace {

using namespace std::chrono_literals;
using namespace testing;  // NOLINT
using providers::Answer;
using providers::Fault;
using providers::UpstreamError;
using providers::UpstreamResult;

// What an endpoint does when it is asked the next time.
struct Move {
  std::optional<Fault> fault = {};
  std::string says = "answer";  // said before a fault too
  std::optional<std::chrono::milliseconds> retry_after = {};
  std::chrono::milliseconds takes{100};
};

class World : public EndpointSource, public EndpointCaller {
 public:
  Result<std::vector<Endpoint>> endpoints(const std::string& model) override {
    const auto found = models.find(model);
    if (found == models.end()) return fail(ErrorCode::kNotFound, "there is no model '{}'", model);
    return found->second;
  }
  UpstreamResult<Answer> generate(const Endpoint& endpoint, int key, const inference::GenerateRequest& request,
                                  const inference::EventSink& sink, std::stop_token) override {
    asked.push_back(endpoint.provider + "#" + std::to_string(key));
    max_tokens.push_back(request.max_tokens);
    Move move;
    auto& moves = script[endpoint.provider];
    if (!moves.empty()) {
      move = moves.front();
      moves.pop_front();
    } else if (const auto always = forever.find(endpoint.provider); always != forever.end()) {
      move = always->second;
    }
    clock->advance(move.takes / 2);
    if (!move.fault || !move.says.empty()) {
      if (!move.fault || move.says != "answer") sink(inference::TextDelta{move.says, {}});
    }
    clock->advance(move.takes / 2);
    if (move.fault)
      return tl::unexpected(UpstreamError{
          .fault = *move.fault, .message = endpoint.provider + " failed", .retry_after = move.retry_after});
    Answer answer;
    answer.generation.text = move.says;
    answer.generation.usage = {.prompt_tokens = 10, .completion_tokens = 5};
    answer.usage_known = true;
    return answer;
  }
  UpstreamResult<providers::Embedded> embed(const Endpoint& endpoint, int key, const inference::EmbedRequest& request,
                                            std::stop_token) override {
    asked.push_back(endpoint.provider + "#" + std::to_string(key));
    providers::Embedded embedded{.vectors = {}, .usage_known = true, .prompt_tokens = 3};
    embedded.vectors.resize(request.texts.size(), {{1.0f}, 1});
    return embedded;
  }

  std::shared_ptr<core::FakeClock> clock = std::make_shared<core::FakeClock>();
  std::map<std::string, std::vector<Endpoint>> models;
  std::map<std::string, std::deque<Move>> script;
  std::map<std::string, Move> forever;
  std::vector<std::string> asked;
  std::vector<int> max_tokens;
};

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() {
    world->models["m"] = {hosted("a", 1, 1), hosted("b", 2, 2), hosted("c", 3, 3)};
    RouterParts parts;
    parts.source = world;
    parts.caller = world;
    parts.clock = world->clock;
    parts.random = [] { return 0.5; };
    parts.pause = [this](std::chrono::nanoseconds time, std::stop_token) {
      paused += time;
      world->clock->advance(time);
    };
    router = std::make_shared<Router>(std::move(parts));
  }

  Result<inference::Generation> ask(Route route = {.models = {"m"}}) {
    inference::GenerateRequest request;
    request.messages = {{inference::Role::kUser, "hi"}};
    heard.clear();
    record = {};
    world->asked.clear();
    return router->generate(
        route, request,
        [&](const inference::Event& event) {
          if (const auto* text = std::get_if<inference::TextDelta>(&event)) heard += text->text;
        },
        {}, record);
  }
  using Asked = std::vector<std::string>;

  std::shared_ptr<World> world = std::make_shared<World>();
  std::shared_ptr<Router> router;
  std::chrono::nanoseconds paused{0};
  std::string heard;
  RouteRecord record;
};

TEST_F(RouterTest, AsksTheWinnerAndSaysWhatItCost) {
  const auto answer = ask();
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->text, "answer");
  EXPECT_EQ(world->asked, Asked{"a#0"});
  ASSERT_EQ(record.attempts.size(), 1u);
  EXPECT_EQ(record.attempts[0].cost, PicoDollars{15});
  EXPECT_DOUBLE_EQ(record.attempts[0].first_token_s, 0.05);
  EXPECT_EQ(route_line(record), "a/m ok; policy=cheapest; privacy=any; refused=0");
}

TEST_F(RouterTest, AFailingServerIsTriedOnceMoreThenTheNextPlace) {
  world->forever["a"] = {.fault = Fault::kServerError};
  ASSERT_TRUE(ask());
  EXPECT_EQ(world->asked, (Asked{"a#0", "a#0", "b#0"}));
  EXPECT_EQ(paused, 500ms);
  EXPECT_EQ(heard, "answer");
  ASSERT_TRUE(ask());
  EXPECT_EQ(world->asked, (Asked{"a#0", "b#0"})) << "the third failure in a row opens its breaker";
  ASSERT_TRUE(ask());
  EXPECT_EQ(world->asked, Asked{"b#0"});
  world->forever.clear();
  world->clock->advance(5s);
  ASSERT_TRUE(ask());
  EXPECT_EQ(world->asked, Asked{"a#0"}) << "the probe";
}

TEST_F(RouterTest, KeysAreUsedInTurnWhereOneIsDeadOrItsRateIsFull) {
  world->models["m"][0].keys = 3;
  world->script["a"] = {{.fault = Fault::kBadKey}, {.fault = Fault::kRateLimited, .retry_after = 60s}, {}};
  ASSERT_TRUE(ask());
  EXPECT_EQ(world->asked, (Asked{"a#0", "a#1", "a#2"}));
  EXPECT_EQ(paused, 0ns) << "another key does not wait";
  ASSERT_TRUE(ask());
  EXPECT_EQ(world->asked, Asked{"a#2"});
}

TEST_F(RouterTest, AWrongRequestGoesNowhereElse) {
  world->forever["a"] = {.fault = Fault::kBadRequest};
  const auto answer = ask();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(world->asked, Asked{"a#0"});
}

TEST_F(RouterTest, ALongPromptGoesToWhoReadsMore) {
  world->forever["a"] = {.fault = Fault::kContextTooLong};
  ASSERT_TRUE(ask());
  EXPECT_EQ(world->asked, (Asked{"a#0", "b#0"}));
}

TEST_F(RouterTest, NeverSwitchesAfterTheFirstPieceLeft) {
  world->script["a"] = {{.fault = Fault::kServerError, .says = "Once upon"}};
  const auto answer = ask();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(heard, "Once upon");
  EXPECT_EQ(world->asked, Asked{"a#0"});
  EXPECT_TRUE(record.attempts.at(0).after_output);
}

TEST_F(RouterTest, TheLastErrorCountsWhereAllFail) {
  world->forever["a"] = {.fault = Fault::kNoSuchModel};
  world->forever["b"] = {.fault = Fault::kNoCredit};
  world->forever["c"] = {.fault = Fault::kRateLimited};
  const auto answer = ask();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kRateLimited);
  EXPECT_NE(answer.error().message().find("after 3 attempts"), std::string::npos) << answer.error().message();
}

TEST_F(RouterTest, WaitsForTheFirstWhoIsBackWhereAllRest) {
  for (const char* name : {"a", "b", "c"}) world->script[name] = {{.fault = Fault::kRateLimited, .retry_after = 4s}};
  ASSERT_FALSE(ask());
  ASSERT_TRUE(ask());
  EXPECT_GE(paused, 3s);
  EXPECT_LE(paused, 5s);
}

TEST_F(RouterTest, DoesNotWaitLongerThanItMay) {
  for (const char* name : {"a", "b", "c"}) world->script[name] = {{.fault = Fault::kRateLimited, .retry_after = 60s}};
  ASSERT_FALSE(ask());
  const auto answer = ask();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kUnavailable);
  EXPECT_TRUE(world->asked.empty());
  EXPECT_EQ(paused, 0ns);
}

TEST_F(RouterTest, AStandInModelAnswersWhereTheFirstCannot) {
  Endpoint other = hosted("z", 9, 9);
  world->models["n"] = {other};
  for (const char* name : {"a", "b", "c"}) world->forever[name] = {.fault = Fault::kNoSuchModel};
  ASSERT_TRUE(ask({.models = {"m", "n"}}));
  EXPECT_EQ(world->asked.back(), "z#0");
  ASSERT_TRUE(ask({.models = {"nobody-knows-it", "n"}}));
}

TEST_F(RouterTest, RulesLeaveNobodyRatherThanSomebodyWrong) {
  const auto answer = ask({.models = {"m"}, .rules = {.privacy = Privacy::kZdr}});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code(), ErrorCode::kPrivacy);
  EXPECT_TRUE(world->asked.empty());
}

TEST_F(RouterTest, LearnsWhoIsFast) {
  for (Endpoint& endpoint : world->models["m"]) endpoint.latency_ms = 200;
  world->forever["a"] = {.takes = 9000ms};
  ASSERT_TRUE(ask());
  const auto answer = ask({.models = {"m"}, .policy = Policy::kFastest});
  ASSERT_TRUE(answer);
  EXPECT_EQ(world->asked, Asked{"b#0"}) << "a is published as fast, but was measured";
}

TEST_F(RouterTest, ABudgetIsReservedAndSettledAndLimitsTheAnswer) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("zubr-router-{}", ::getpid());
  std::filesystem::create_directories(folder);
  auto ledger = Ledger::open(folder / "l.db", world->clock);
  ASSERT_TRUE(ledger) << ledger.error().message();
  std::shared_ptr<Ledger> shared = std::move(*ledger);
  RouterParts parts;
  parts.source = world;
  parts.caller = world;
  parts.clock = world->clock;
  parts.ledger = shared;
  Router counted(std::move(parts));
  inference::GenerateRequest request;
  request.messages = {{inference::Role::kUser, "hi"}};
  const Route route{.models = {"m"}, .payer = {.key = "k", .tags = {"project=crm"}}};
  ASSERT_TRUE(counted.generate(route, request, {}, {}, record));
  EXPECT_EQ(world->max_tokens.back(), -1) << "no budget, no limit";
  ASSERT_TRUE(shared->set_budget({.key = "k", .period = BudgetPeriod::kTotal, .amount = PicoDollars{5000}}));
  ASSERT_TRUE(counted.generate(route, request, {}, {}, record));
  EXPECT_EQ(world->max_tokens.back(), 4096);
  EXPECT_EQ(shared->budgets()->at(0).spent, PicoDollars{30}) << "both answers of 15";
  EXPECT_EQ(shared->budgets()->at(0).reserved, PicoDollars{0});
  ASSERT_TRUE(shared->set_budget({.key = "k", .period = BudgetPeriod::kTotal, .amount = PicoDollars{100}}));
  world->asked.clear();
  const auto refused = counted.generate(route, request, {}, {}, record);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kBudgetExceeded) << refused.error().message();
  EXPECT_TRUE(world->asked.empty());
  std::filesystem::remove_all(folder);
}

TEST_F(RouterTest, IsABackendAndAModelHost) {
  std::vector<RouteRecord> told;
  RoutedModel model(router, {.models = {"m"}}, [&](const RouteRecord& r) { told.push_back(r); });
  EXPECT_TRUE(model.info().can_generate);
  inference::GenerateRequest request;
  request.messages = {{inference::Role::kUser, "hi"}};
  ASSERT_TRUE(model.generate(request, {}, {}));
  EXPECT_EQ(told.size(), 1u);
  EXPECT_EQ(model.open_labels({}, {}).error().code(), ErrorCode::kUnsupported);

  RoutedHost host(router, {}, nullptr);
  auto backend = host.borrow({.name = "m"}, {});
  ASSERT_TRUE(backend) << backend.error().message();
  EXPECT_EQ((*backend)->generate(request, {}, {})->text, "answer");
  EXPECT_EQ(host.borrow({.name = "unheard-of"}, {}).error().code(), ErrorCode::kNotFound);
  RoutedHost closed(router, {.rules = {.privacy = Privacy::kLocal}}, nullptr);
  EXPECT_EQ(closed.borrow({.name = "m"}, {}).error().code(), ErrorCode::kPrivacy);
  inference::FakeBackend fake;
  RoutedHost both(router, {}, std::make_shared<inference::OneModelHost>(fake));
  EXPECT_EQ((*both.borrow({.name = fake.info().name}, {}))->info().name, fake.info().name);
  EXPECT_EQ((*both.borrow({.name = "m"}, {}))->info().name, "m");
  EXPECT_EQ(both.loaded().size(), 1u);
}

TEST_F(RouterTest, MakesVectors) {
  for (Endpoint& endpoint : world->models["m"]) endpoint.features |= providers::kEmbeddings;
  const auto vectors = router->embed({.models = {"m"}}, {.model = {}, .texts = {"x", "y"}}, {}, record);
  ASSERT_TRUE(vectors) << vectors.error().message();
  EXPECT_EQ(vectors->size(), 2u);
  EXPECT_EQ(record.attempts.at(0).cost, PicoDollars{3});
}

}  // namespace
}  // namespace zubr::router
