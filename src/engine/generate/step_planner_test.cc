#include "engine/generate/step_planner.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <optional>

#include "engine/generate/planner_simulation.h"

namespace zubr::engine {
namespace {

PlannerLimits limits(int slots, int context = 1000) {
  return {.slots = slots,
          .context_tokens = context,
          .cells = std::int64_t{slots} * context,
          .step_tokens = 128,
          .prompt_beside = 16,
          .waiting = 8,
          .waiting_of_a_client = 8,
          .shortest_reuse = 4};
}

std::optional<QueueRefusal> submit(StepPlanner& planner, RequestId id, Tokens prompt, int max_new) {
  return planner.submit({.id = id, .prompt = std::move(prompt), .max_new = max_new});
}

const Feed* feed_of(const Step& step, RequestId id) {
  for (const Feed& feed : step.feeds) {
    if (feed.id == id) return &feed;
  }
  return nullptr;
}

int reused(const Step& step, RequestId id) {
  int tokens = 0;
  for (const auto& reuse : step.reused) tokens = reuse.id == id ? reuse.tokens : tokens;
  return tokens;
}

// One step; every request that gets logits samples `token`.
Step advance(StepPlanner& planner, Token token = 77) {
  Step step = planner.next();
  for (const Feed& feed : step.feeds) {
    if (feed.wants_logits) planner.sampled(feed.id, token);
  }
  return step;
}

TEST(StepPlanner, ReadsAPromptAndThenOneTokenAtATime) {
  StepPlanner planner(limits(1));
  submit(planner, 1, tokens(5), 10);
  const Step first = advance(planner);
  ASSERT_EQ(first.feeds.size(), 1u);
  EXPECT_EQ(first.feeds[0].tokens, tokens(5));
  EXPECT_TRUE(first.feeds[0].wants_logits);
  EXPECT_TRUE(first.feeds[0].is_prompt);
  const Step second = advance(planner);
  ASSERT_EQ(second.feeds.size(), 1u);
  EXPECT_EQ(second.feeds[0].position, 5);
  EXPECT_EQ(second.feeds[0].tokens, Tokens{77});
  EXPECT_FALSE(second.feeds[0].is_prompt);
}

TEST(StepPlanner, CutsALongPromptIntoSteps) {
  StepPlanner planner(limits(1));
  submit(planner, 1, tokens(300), 10);
  std::vector<std::size_t> chunks;
  std::vector<bool> logits;
  for (int i = 0; i < 3; ++i) {
    const Step step = advance(planner);
    chunks.push_back(step.feeds.at(0).tokens.size());
    logits.push_back(step.feeds.at(0).wants_logits);
  }
  EXPECT_EQ(chunks, (std::vector<std::size_t>{128, 128, 44}));
  EXPECT_EQ(logits, (std::vector<bool>{false, false, true}));
}

TEST(StepPlanner, KeepsAnswersGoingWhileALongPromptIsRead) {
  StepPlanner planner(limits(2));
  submit(planner, 1, tokens(4), 100);
  advance(planner);
  submit(planner, 2, tokens(500, 1000), 10);
  for (int i = 0; i < 5; ++i) {
    const Step step = advance(planner);
    ASSERT_NE(feed_of(step, 1), nullptr);
    EXPECT_EQ(feed_of(step, 1)->tokens.size(), 1u);
    ASSERT_NE(feed_of(step, 2), nullptr);
    EXPECT_EQ(feed_of(step, 2)->tokens.size(), 16u);
  }
}

TEST(StepPlanner, AdmitsAShortRequestWhileAPromptIsLong) {
  StepPlanner planner(limits(2));
  submit(planner, 1, tokens(900), 10);
  advance(planner);
  submit(planner, 2, tokens(10, 2000), 10);
  const Step step = advance(planner);
  ASSERT_NE(feed_of(step, 2), nullptr);
  EXPECT_TRUE(feed_of(step, 2)->wants_logits);
  EXPECT_EQ(feed_of(step, 1)->tokens.size(), 118u);  // what the short one does not need
}

TEST(StepPlanner, LetsRequestsWaitForASlotInTheirOrder) {
  StepPlanner planner(limits(1));
  for (RequestId id = 1; id <= 3; ++id) submit(planner, id, tokens(5, static_cast<Token>(100 * id)), 10);
  EXPECT_EQ(advance(planner).admitted, std::vector<RequestId>{1});
  EXPECT_TRUE(advance(planner).admitted.empty());
  EXPECT_EQ(planner.waiting(), 2u);
  planner.finish(1);
  EXPECT_EQ(advance(planner).admitted, std::vector<RequestId>{2});
}

TEST(StepPlanner, RefusesWhatTheQueueCannotHold) {
  StepPlanner planner(limits(1));
  for (RequestId id = 1; id <= 8; ++id) EXPECT_EQ(submit(planner, id, tokens(5), 10), std::nullopt);
  EXPECT_EQ(submit(planner, 9, tokens(5), 10), QueueRefusal::kFull);
}

TEST(StepPlanner, ReusesTheBeginningThatAnEarlierRequestLeft) {
  StepPlanner planner(limits(2));
  submit(planner, 1, tokens(20), 10);
  advance(planner);
  planner.finish(1);
  submit(planner, 2, joined(tokens(20), {500}), 10);
  const Step step = planner.next();
  EXPECT_EQ(reused(step, 2), 20);
  EXPECT_EQ(step.feeds.at(0).position, 20);
  EXPECT_EQ(step.feeds.at(0).tokens, Tokens{500});
}

TEST(StepPlanner, EvaluatesTheLastTokenOfAPromptThatIsThereWholly) {
  StepPlanner planner(limits(1));
  submit(planner, 1, tokens(20), 10);
  advance(planner);
  planner.finish(1);
  submit(planner, 2, tokens(20), 10);
  const Step step = planner.next();
  EXPECT_EQ(reused(step, 2), 19);
  EXPECT_TRUE(step.feeds.at(0).wants_logits);
  ASSERT_EQ(step.changes.size(), 1u);
  EXPECT_EQ(step.changes[0].kind, CacheChange::Kind::kCut);
}

TEST(StepPlanner, LeavesAConversationAloneForAPromptThatSharesAlmostNothing) {
  StepPlanner planner(limits(2));
  submit(planner, 1, tokens(20), 10);
  const int used = advance(planner).feeds.at(0).sequence;
  planner.finish(1);
  submit(planner, 2, joined({1}, tokens(9, 900)), 10);  // begin-of-text
  const Step step = planner.next();
  EXPECT_NE(step.feeds.at(0).sequence, used);
  EXPECT_TRUE(step.changes.empty());
}

TEST(StepPlanner, TakesOverWhatARunningRequestHasEvaluated) {
  StepPlanner planner(limits(2));
  submit(planner, 1, tokens(100), 50);
  advance(planner);
  advance(planner);
  submit(planner, 2, joined(tokens(90), {500, 501}), 50);
  const Step step = advance(planner);
  EXPECT_EQ(reused(step, 2), 90);
  EXPECT_EQ(feed_of(step, 2)->tokens, (Tokens{500, 501}));
  EXPECT_NE(feed_of(step, 1), nullptr);
  EXPECT_EQ(planner.cells(), 100 + 2 + 2);
}

TEST(StepPlanner, WaitsForABeginningThatARunningRequestIsAboutToRead) {
  Simulation simulation(limits(16, 2000));
  for (RequestId id = 1; id <= 8; ++id) {
    simulation.submit(
        {.id = id, .prompt = joined(tokens(1000), tokens(10, static_cast<Token>(10'000 * id))), .max_new = 4});
  }
  simulation.run();
  EXPECT_EQ(simulation.context.evaluated(), 1000 + 8 * 10 + 8 * 3);
}

TEST(StepPlanner, ReadsItselfWhenTheOneThatItWaitsForIsDropped) {
  Simulation simulation(limits(4, 2000));
  simulation.submit({.id = 1, .prompt = joined(tokens(1000), {5001}), .max_new = 4});
  simulation.submit({.id = 2, .prompt = joined(tokens(1000), {5002}), .max_new = 4});
  simulation.step();
  simulation.step();
  simulation.planner.drop(1);
  simulation.run();
  EXPECT_TRUE(simulation.answers[2].done);
}

TEST(StepPlanner, SharesOnlyWholeSequencesWhereStateCannotBeCut) {
  PlannerLimits uncut = limits(2);
  uncut.cuts = false;
  StepPlanner planner(uncut);
  submit(planner, 1, tokens(20), 1);
  advance(planner);
  planner.finish(1);
  submit(planner, 2, joined(tokens(15), {500, 501}), 1);
  EXPECT_EQ(reused(advance(planner), 2), 0);
  planner.finish(2);
  submit(planner, 3, tokens(30), 1);
  EXPECT_EQ(reused(advance(planner), 3), 20);
}

TEST(StepPlanner, KeepsMorePromptsThanItRuns) {
  PlannerLimits wide = limits(1);
  wide.sequences = 5;
  wide.cells = 1000;
  StepPlanner planner(wide);
  for (RequestId id = 1; id <= 5; ++id) {
    submit(planner, id, tokens(20, static_cast<Token>(1000 * id)), 1);
    advance(planner);
    planner.finish(id);
  }
  for (RequestId id = 1; id <= 5; ++id) {
    submit(planner, 10 + id, joined(tokens(20, static_cast<Token>(1000 * id)), {9}), 1);
    EXPECT_EQ(reused(advance(planner), 10 + id), 20) << id;
    planner.finish(10 + id);
  }
}

TEST(StepPlanner, NeverSharesBetweenFlavoursNorPutsThemInOneStep) {
  StepPlanner planner(limits(4));
  planner.submit({.id = 1, .prompt = tokens(20), .max_new = 5, .flavour = 1});
  planner.submit({.id = 2, .prompt = tokens(20), .max_new = 5, .flavour = 2});
  std::map<RequestId, int> evaluated;
  for (int i = 0; i < 8; ++i) {
    const Step step = advance(planner);
    ASSERT_EQ(step.feeds.size(), 1u);
    EXPECT_EQ(step.feeds[0].id, step.flavour);
    evaluated[step.feeds[0].id] += static_cast<int>(step.feeds[0].tokens.size());
  }
  EXPECT_EQ(evaluated[1], 20 + 3);      // turns
  EXPECT_EQ(evaluated[2], 16 + 4 + 2);  // its prompt beside an answer: in two parts
}

TEST(StepPlanner, EndsAtMaxTokens) {
  StepPlanner planner(limits(1));
  submit(planner, 1, tokens(5), 2);
  planner.next();
  EXPECT_TRUE(planner.sampled(1, 7));
  planner.next();
  EXPECT_FALSE(planner.sampled(1, 7));
}

TEST(StepPlanner, EndsWhenTheContextIsFull) {
  StepPlanner planner(limits(1, 8));
  submit(planner, 1, tokens(6), -1);
  planner.next();
  EXPECT_TRUE(planner.sampled(1, 7));  // position 6
  planner.next();
  EXPECT_TRUE(planner.sampled(1, 7));  // position 7, the last one
  planner.next();
  EXPECT_FALSE(planner.sampled(1, 7));
}

TEST(StepPlanner, EndsWhenTheContextOfTheRequestIsFull) {
  StepPlanner planner(limits(1, 100));
  planner.submit({.id = 1, .prompt = tokens(6), .context_tokens = 7});
  planner.next();
  EXPECT_TRUE(planner.sampled(1, 7));
  planner.next();
  EXPECT_FALSE(planner.sampled(1, 7));
}

TEST(StepPlanner, WaitsForCellsThatRunningRequestsMayStillNeed) {
  PlannerLimits tight = limits(4, 100);
  tight.cells = 150;
  StepPlanner planner(tight);
  submit(planner, 1, tokens(10), 80);
  submit(planner, 2, tokens(10, 500), 80);
  EXPECT_EQ(advance(planner).admitted.size(), 1u);
  EXPECT_TRUE(advance(planner).admitted.empty());
  planner.drop(1);
  EXPECT_EQ(advance(planner).admitted, std::vector<RequestId>{2});
}

TEST(StepPlanner, ForgetsTheLongestUnusedSequencesForRoom) {
  PlannerLimits tight = limits(3, 100);
  tight.cells = 150;
  StepPlanner planner(tight);
  for (RequestId id = 1; id <= 2; ++id) {
    submit(planner, id, tokens(40, static_cast<Token>(1000 * id)), 5);
    advance(planner);
    planner.finish(id);
  }
  submit(planner, 3, tokens(90, 5000), 10);  // needs 100 of 150, 80 are held
  const Step step = advance(planner);
  EXPECT_EQ(step.admitted.size(), 1u);
  ASSERT_EQ(step.changes.size(), 1u);
  EXPECT_EQ(step.changes[0].kind, CacheChange::Kind::kForget);
}

TEST(StepPlanner, EmptiesTheSequenceOfADroppedRequest) {
  StepPlanner planner(limits(1));
  submit(planner, 1, tokens(30), 10);
  advance(planner);
  planner.drop(1);
  EXPECT_FALSE(planner.busy());
  EXPECT_EQ(planner.cells(), 0);
  submit(planner, 2, tokens(30), 10);
  const Step step = planner.next();
  EXPECT_EQ(reused(step, 2), 0);
  EXPECT_EQ(step.feeds.at(0).tokens.size(), 30u);  // in the step after the drop
}

TEST(StepPlanner, DropsARequestThatStillWaits) {
  StepPlanner planner(limits(1));
  submit(planner, 1, tokens(5), 10);
  planner.drop(1);
  EXPECT_FALSE(planner.busy());
  EXPECT_TRUE(planner.next().admitted.empty());
}

TEST(StepPlanner, FeedsDraftsAndForgetsThoseThatWereWrong) {
  StepPlanner planner(limits(1));
  submit(planner, 1, tokens(5), 20);
  advance(planner, 10);
  planner.propose(1, {11, 12, 13});
  const Step step = planner.next();
  EXPECT_EQ(step.feeds.at(0).tokens, (Tokens{10, 11, 12, 13}));
  EXPECT_TRUE(planner.sampled(1, 11));
  EXPECT_TRUE(planner.sampled(1, 99));  // not 12
  const Step after = planner.next();
  ASSERT_EQ(after.changes.size(), 1u);
  EXPECT_EQ(after.changes[0].kind, CacheChange::Kind::kCut);
  EXPECT_EQ(after.changes[0].tokens, 7);
  EXPECT_EQ(after.feeds.at(0).position, 7);
  EXPECT_EQ(after.feeds.at(0).tokens, Tokens{99});
}

TEST(StepPlanner, KeepsAllDraftsThatWereRight) {
  StepPlanner planner(limits(1));
  submit(planner, 1, tokens(5), 20);
  advance(planner, 10);
  planner.propose(1, {11, 12});
  planner.next();
  for (const Token token : {11, 12, 13}) EXPECT_TRUE(planner.sampled(1, token));
  const Step after = planner.next();
  EXPECT_TRUE(after.changes.empty());
  EXPECT_EQ(after.feeds.at(0).position, 8);
  EXPECT_EQ(after.feeds.at(0).tokens, Tokens{13});
}

TEST(StepPlanner, TakesNoMoreDraftsThanThereIsRoomFor) {
  StepPlanner planner(limits(1));
  submit(planner, 1, tokens(5), 3);
  advance(planner, 10);
  planner.propose(1, {11, 12, 13, 14});
  EXPECT_EQ(planner.next().feeds.at(0).tokens, (Tokens{10, 11}));
}

// Prompts with few different beginnings, so that they share and diverge everywhere.
PlannedRequest any_request(RequestId id) {
  const int length = *rc::gen::inRange(1, 40);
  Tokens prompt = tokens(length, *rc::gen::element(1, 2, 1000));
  if (*rc::gen::arbitrary<bool>()) prompt[prompt.size() / 2] = 500;
  return {.id = id,
          .prompt = std::move(prompt),
          .max_new = *rc::gen::inRange(1, 20),
          .client = *rc::gen::element<std::string>("a", "b"),
          .flavour = static_cast<Flavour>(*rc::gen::element(0, 0, 1))};
}

PlannerLimits any_limits() {
  PlannerLimits small = limits(*rc::gen::inRange(1, 4), 64);
  small.sequences = small.slots + *rc::gen::inRange(0, 3);
  small.cells = *rc::gen::inRange(64, 200);
  small.step_tokens = 12;
  small.prompt_beside = 4;
  small.waiting = small.waiting_of_a_client = 100;
  small.cuts = *rc::gen::inRange(0, 4) != 0;
  return small;
}

// Whatever comes and goes, every sequence sees the tokens of its request in order and without gaps, and no step and no
// cache holds too much. (The context of the simulation throws where that is not so.)
RC_GTEST_PROP(StepPlannerProperty, FeedsEveryRequestItsTokensInOrder, ()) {
  const PlannerLimits small = any_limits();
  StepPlanner planner(small);
  CountedContext context(small.cells);
  std::map<RequestId, Tokens> expected;  // prompt, sampled tokens, and drafts that are being fed
  RequestId next_id = 1;
  int to_come = *rc::gen::inRange(1, 14);
  for (int round = 0; to_come > 0 || planner.busy(); ++round) {
    RC_ASSERT(round < 5000);
    if (to_come > 0 && *rc::gen::inRange(0, 2) == 0) {
      const PlannedRequest request = any_request(next_id);
      expected[next_id] = request.prompt;
      RC_ASSERT(!planner.submit(request));
      ++next_id;
      --to_come;
    }
    const Step step = planner.next();
    for (const CacheChange& change : step.changes) {
      RC_ASSERT(small.cuts || change.kind != CacheChange::Kind::kCut);
      if (change.kind == CacheChange::Kind::kCopy && !small.cuts)
        RC_ASSERT(std::ssize(context.held(change.from)) == change.tokens);
      context.change(change);
    }
    int in_step = 0;
    for (const Feed& feed : step.feeds) {
      RC_ASSERT(feed.tokens.size() > 0u);
      in_step += static_cast<int>(feed.tokens.size());
      context.feed(feed);
      const Tokens held = context.held(feed.sequence);
      const Tokens& all = expected[feed.id];
      const std::size_t drafted = feed.is_prompt ? 0 : feed.tokens.size() - 1;
      RC_ASSERT(held.size() <= all.size() + drafted);
      RC_ASSERT(std::equal(held.begin(), held.end() - static_cast<std::ptrdiff_t>(drafted), all.begin()));
      RC_ASSERT(feed.wants_logits == (held.size() == all.size() + drafted));
    }
    RC_ASSERT(in_step <= small.step_tokens);
    RC_ASSERT(context.cells() == planner.cells());
    for (const Feed& feed : step.feeds) {
      if (!feed.wants_logits) continue;
      const std::size_t drafted = feed.is_prompt ? 0 : feed.tokens.size() - 1;
      bool more = true;
      for (std::size_t i = 0; more && i <= drafted; ++i) {
        const bool hit = i < drafted && *rc::gen::inRange(0, 3) != 0;
        const Token token = hit ? feed.tokens[i + 1] : 7000 + *rc::gen::inRange(0, 3);
        expected[feed.id].push_back(token);
        more = planner.sampled(feed.id, token);
        if (i < drafted && token != feed.tokens[i + 1]) break;
      }
      const int fate = *rc::gen::inRange(0, 12);
      if (!more || fate == 0) {
        planner.finish(feed.id);
      } else if (fate == 1) {
        planner.drop(feed.id);
      } else if (fate < 5 && small.cuts) {
        planner.propose(feed.id, tokens(*rc::gen::inRange(0, 4), 7000));
      }
    }
  }
}

}  // namespace
}  // namespace zubr::engine
