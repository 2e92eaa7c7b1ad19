// What the planner promises in time, proved in simulated time: a step takes 10 ms and 1 ms for each token.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/generate/planner_simulation.h"

namespace zubr::engine {
namespace {

using std::chrono::milliseconds;

PlannerLimits limits(int slots) {
  return {.slots = slots,
          .sequences = slots + 4,
          .context_tokens = 8192,
          .cells = std::int64_t{slots} * 8192,
          .step_tokens = 512,
          .prompt_beside = 64};
}

milliseconds longest_gap_allowed(const PlannerLimits& limits) {
  return milliseconds(10 + limits.slots + limits.prompt_beside);
}

TEST(StepPlannerTime, AnswersGoOnWhileAnEightThousandTokenPromptIsRead) {
  const PlannerLimits wanted = limits(4);
  Simulation simulation(wanted);
  simulation.submit({.id = 1, .prompt = tokens(10), .max_new = 300});
  simulation.step();
  simulation.submit({.id = 2, .prompt = tokens(8000, 100), .max_new = 5});
  simulation.run();
  EXPECT_LE(simulation.answers[1].longest_gap, longest_gap_allowed(wanted));
  EXPECT_TRUE(simulation.answers[2].done);
}

TEST(StepPlannerTime, AShortPromptIsReadBetweenLongOnes) {
  Simulation simulation(limits(4));
  for (RequestId id = 1; id <= 3; ++id)
    simulation.submit({.id = id, .prompt = tokens(8000, static_cast<Token>(10'000 * id)), .max_new = 5});
  simulation.step();
  simulation.submit({.id = 4, .prompt = tokens(60), .max_new = 5});
  simulation.run();
  EXPECT_LE(simulation.to_first(4), milliseconds(10 + 512));  // the first step that there is
  EXPECT_GE(simulation.to_first(1), milliseconds(8000));
}

TEST(StepPlannerTime, AClientWithOneQuestionWaitsForNoneOfAnothersHundred) {
  Simulation simulation(limits(2));
  for (RequestId id = 1; id <= 100; ++id)
    simulation.submit(
        {.id = id, .prompt = tokens(100, static_cast<Token>(1000 * id)), .max_new = 20, .client = "batch"});
  simulation.step();
  simulation.submit({.id = 200, .prompt = tokens(50), .max_new = 20, .client = "person"});
  simulation.run();
  // At most one of the other's answers, of 20 steps of 2 tokens, has to end first.
  EXPECT_LE(simulation.to_first(200), milliseconds(20 * (10 + 2) + 64 + 10 + 512));
  EXPECT_GT(simulation.answers[100].first - simulation.answers[100].arrived, milliseconds(5000));
}

TEST(StepPlannerTime, TwoClientsGetHalfOfTheStepsEach) {
  Simulation simulation(limits(4));
  for (RequestId id = 1; id <= 3; ++id)
    simulation.submit({.id = id, .prompt = tokens(4000, static_cast<Token>(10'000 * id)), .max_new = 1, .client = "a"});
  simulation.submit({.id = 4, .prompt = tokens(4000, 50'000), .max_new = 1, .client = "b"});
  simulation.run();
  EXPECT_LT(simulation.to_first(4) * 3, simulation.to_first(3) * 2);
}

// Sixteen chats with the same long beginning, all at once.
TEST(StepPlannerTime, SixteenChatsEvaluateTheirSystemPromptOnce) {
  Simulation simulation(limits(16));
  for (RequestId id = 1; id <= 16; ++id) {
    simulation.submit(
        {.id = id, .prompt = joined(tokens(1000), tokens(20, static_cast<Token>(5000 * id))), .max_new = 32});
  }
  simulation.run();
  EXPECT_EQ(simulation.context.evaluated(), 1000 + 16 * 20 + 16 * 31);
}

TEST(StepPlannerTime, LetsGoOfWhatIsTooLateAtOnce) {
  Simulation simulation(limits(1));
  const auto deadline = simulation.now + milliseconds(100);
  simulation.submit({.id = 1, .prompt = tokens(10), .max_new = 1000, .deadline = deadline});
  simulation.submit({.id = 2, .prompt = tokens(10, 100), .max_new = 10, .deadline = deadline});
  simulation.submit({.id = 3, .prompt = tokens(10, 200), .max_new = 10});
  while (simulation.now < deadline) {
    EXPECT_TRUE(simulation.planner.expired(simulation.now).empty());
    simulation.step();
  }
  EXPECT_EQ(simulation.planner.expired(simulation.now), (std::vector<RequestId>{2, 1}));
  EXPECT_EQ(simulation.step().admitted, std::vector<RequestId>{3});  // in the very next step
  simulation.run();
  EXPECT_TRUE(simulation.answers[3].done);
  EXPECT_FALSE(simulation.answers[1].done);
}

// Whatever arrives when: no answer that has begun stands still for longer than a step with all slots and one chunk.
RC_GTEST_PROP(StepPlannerTimeProperty, NoAnswerEverStandsStill, ()) {
  PlannerLimits wanted = limits(*rc::gen::inRange(1, 6));
  wanted.cells = *rc::gen::inRange(8192, 40'000);
  Simulation simulation(wanted);
  RequestId id = 1;
  const int rounds = *rc::gen::inRange(1, 20);
  for (int round = 0; round < rounds; ++round) {
    for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
      simulation.submit({.id = id,
                         .prompt = tokens(*rc::gen::inRange(1, 600), *rc::gen::element(1, 2, 5000)),
                         .max_new = *rc::gen::inRange(1, 40),
                         .client = *rc::gen::element<std::string>("a", "b", "c")});
      ++id;
    }
    simulation.step();
  }
  simulation.run();
  for (const auto& [number, answer] : simulation.answers) {
    RC_ASSERT(answer.done);
    RC_ASSERT(answer.longest_gap <= longest_gap_allowed(wanted));
  }
}

}  // namespace
}  // namespace zubr::engine
