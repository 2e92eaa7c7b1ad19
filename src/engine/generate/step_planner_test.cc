#include "engine/generate/step_planner.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <numeric>

namespace zubr::engine {
namespace {

Tokens tokens(int count, Token first = 1) {
  Tokens made(static_cast<std::size_t>(count));
  std::iota(made.begin(), made.end(), first);
  return made;
}

PlannerLimits limits(int slots, int context = 1000) {
  return {.slots = slots,
          .context_tokens = context,
          .cells = std::int64_t{slots} * context,
          .step_tokens = 128,
          .prompt_beside = 16,
          .waiting = 8,
          .shortest_reuse = 4};
}

const Feed* feed_of(const Step& step, RequestId id) {
  for (const Feed& feed : step.feeds) {
    if (feed.id == id) return &feed;
  }
  return nullptr;
}

// One step; every request that gets logits samples `token`.
Step advance(StepPlanner& planner, Token token = 77) {
  planner.admit();
  Step step = planner.next();
  for (const Feed& feed : step.feeds) {
    if (feed.wants_logits) planner.sampled(feed.id, token);
  }
  return step;
}

TEST(StepPlanner, ReadsAPromptAndThenOneTokenAtATime) {
  StepPlanner planner(limits(1));
  planner.submit(1, tokens(5), 10);
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
  planner.submit(1, tokens(300), 10);
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
  planner.submit(1, tokens(4), 100);
  advance(planner);
  planner.submit(2, tokens(500, 1000), 10);
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
  planner.submit(1, tokens(900), 10);
  advance(planner);
  planner.submit(2, tokens(10, 2000), 10);
  const Step step = advance(planner);
  ASSERT_NE(feed_of(step, 2), nullptr);
  EXPECT_TRUE(feed_of(step, 2)->wants_logits);
  EXPECT_EQ(feed_of(step, 1)->tokens.size(), 118u);  // what the short one does not need
}

TEST(StepPlanner, LetsRequestsWaitForASlotInTheirOrder) {
  StepPlanner planner(limits(1));
  for (RequestId id = 1; id <= 3; ++id) planner.submit(id, tokens(5, static_cast<Token>(100 * id)), 10);
  EXPECT_EQ(planner.admit().at(0).id, 1u);
  EXPECT_TRUE(planner.admit().empty());
  EXPECT_EQ(planner.waiting(), 2u);
  planner.next();
  planner.finish(1);
  EXPECT_EQ(planner.admit().at(0).id, 2u);
}

TEST(StepPlanner, RefusesWhatTheQueueCannotHold) {
  StepPlanner planner(limits(1));
  for (RequestId id = 1; id <= 8; ++id) EXPECT_TRUE(planner.submit(id, tokens(5), 10));
  EXPECT_FALSE(planner.submit(9, tokens(5), 10));
}

TEST(StepPlanner, ReusesTheBeginningThatASlotHolds) {
  StepPlanner planner(limits(2));
  planner.submit(1, tokens(20), 10);
  advance(planner);
  planner.finish(1);
  Tokens longer = tokens(20);
  longer.push_back(500);
  planner.submit(2, longer, 10);
  const auto admitted = planner.admit();
  ASSERT_EQ(admitted.size(), 1u);
  EXPECT_EQ(admitted[0].keep, 20);
  const Step step = planner.next();
  EXPECT_EQ(step.feeds.at(0).position, 20);
  EXPECT_EQ(step.feeds.at(0).tokens, Tokens{500});
}

TEST(StepPlanner, EvaluatesTheLastTokenOfAPromptThatASlotHoldsWholly) {
  StepPlanner planner(limits(1));
  planner.submit(1, tokens(20), 10);
  advance(planner);
  planner.finish(1);
  planner.submit(2, tokens(20), 10);
  EXPECT_EQ(planner.admit().at(0).keep, 19);
  EXPECT_TRUE(planner.next().feeds.at(0).wants_logits);
}

TEST(StepPlanner, LeavesAConversationAloneForAPromptThatSharesAlmostNothing) {
  StepPlanner planner(limits(2));
  planner.submit(1, tokens(20), 10);
  const int used = planner.admit().at(0).slot;
  advance(planner);
  planner.finish(1);
  Tokens other = tokens(10, 900);
  other[0] = 1;  // begin-of-text
  planner.submit(2, other, 10);
  EXPECT_NE(planner.admit().at(0).slot, used);
}

TEST(StepPlanner, EvaluatesEverythingWhenThePrefixWasLost) {
  StepPlanner planner(limits(1));
  planner.submit(1, tokens(20), 10);
  advance(planner);
  planner.finish(1);
  planner.submit(2, tokens(25), 10);
  ASSERT_EQ(planner.admit().at(0).keep, 20);
  planner.lost_prefix(2);
  const Step step = planner.next();
  EXPECT_EQ(step.feeds.at(0).position, 0);
  EXPECT_EQ(step.feeds.at(0).tokens, tokens(25));
}

TEST(StepPlanner, EndsAtMaxTokens) {
  StepPlanner planner(limits(1));
  planner.submit(1, tokens(5), 2);
  planner.admit();
  planner.next();
  EXPECT_TRUE(planner.sampled(1, 7));
  planner.next();
  EXPECT_FALSE(planner.sampled(1, 7));
}

TEST(StepPlanner, EndsWhenTheContextIsFull) {
  StepPlanner planner(limits(1, 8));
  planner.submit(1, tokens(6), -1);
  planner.admit();
  planner.next();
  EXPECT_TRUE(planner.sampled(1, 7));  // position 6
  planner.next();
  EXPECT_TRUE(planner.sampled(1, 7));  // position 7, the last one
  planner.next();
  EXPECT_FALSE(planner.sampled(1, 7));
}

TEST(StepPlanner, WaitsForCellsThatRunningRequestsMayStillNeed) {
  PlannerLimits tight = limits(4, 100);
  tight.cells = 150;
  StepPlanner planner(tight);
  planner.submit(1, tokens(10), 80);
  planner.submit(2, tokens(10, 500), 80);
  EXPECT_EQ(planner.admit().size(), 1u);
  planner.next();
  EXPECT_TRUE(planner.admit().empty());
  planner.drop(1);
  EXPECT_EQ(planner.admit().at(0).id, 2u);
}

TEST(StepPlanner, ForgetsTheLongestUnusedSlotsForRoom) {
  PlannerLimits tight = limits(3, 100);
  tight.cells = 150;
  StepPlanner planner(tight);
  for (RequestId id = 1; id <= 2; ++id) {
    planner.submit(id, tokens(40, static_cast<Token>(1000 * id)), 5);
    advance(planner);
    planner.finish(id);
  }
  planner.submit(3, tokens(90, 5000), 10);  // needs 100 of 150, 80 are held
  const auto admitted = planner.admit();
  ASSERT_EQ(admitted.size(), 1u);
  const Step step = planner.next();
  EXPECT_EQ(step.forget.size(), 1u);
}

TEST(StepPlanner, EmptiesTheSlotOfADroppedRequest) {
  StepPlanner planner(limits(1));
  planner.submit(1, tokens(30), 10);
  advance(planner);
  planner.drop(1);
  EXPECT_FALSE(planner.busy());
  planner.submit(2, tokens(30), 10);
  EXPECT_EQ(planner.admit().at(0).keep, 0);
}

TEST(StepPlanner, DropsARequestThatStillWaits) {
  StepPlanner planner(limits(1));
  planner.submit(1, tokens(5), 10);
  planner.drop(1);
  EXPECT_FALSE(planner.busy());
  EXPECT_TRUE(planner.admit().empty());
}

struct Request {
  Tokens prompt;
  int max_new = 0;
};

Request any_request() {
  const int length = *rc::gen::inRange(1, 40);
  const Token first = *rc::gen::element(1, 2, 1000);
  return {tokens(length, first), *rc::gen::inRange(1, 20)};
}

// Whatever comes and goes, every sequence sees the tokens of its request in order and without gaps, and no step and no
// cache holds too much.
RC_GTEST_PROP(StepPlannerProperty, FeedsEveryRequestItsTokensInOrder, ()) {
  PlannerLimits small = limits(*rc::gen::inRange(1, 4), 48);
  small.cells = *rc::gen::inRange(48, 160);
  small.step_tokens = 12;
  small.prompt_beside = 4;
  small.waiting = 100;
  StepPlanner planner(small);
  std::map<RequestId, Request> requests;
  std::map<RequestId, Tokens> expected;  // prompt and sampled tokens
  std::map<int, Tokens> cache;           // per slot, as a context would hold it
  std::map<RequestId, int> slots;
  RequestId next_id = 1;
  int to_come = *rc::gen::inRange(1, 12);
  for (int round = 0; to_come > 0 || planner.busy(); ++round) {
    RC_ASSERT(round < 5000);
    if (to_come > 0 && *rc::gen::inRange(0, 2) == 0) {
      const Request request = any_request();
      planner.submit(next_id, request.prompt, request.max_new);
      requests[next_id] = request;
      expected[next_id] = request.prompt;
      ++next_id;
      --to_come;
    }
    for (const Admission& admission : planner.admit()) {
      slots[admission.id] = admission.slot;
      Tokens& held = cache[admission.slot];
      RC_ASSERT(std::ssize(held) >= admission.keep);
      held.resize(static_cast<std::size_t>(admission.keep));
      const Tokens& prompt = expected[admission.id];
      RC_ASSERT(std::equal(held.begin(), held.end(), prompt.begin()));
    }
    const Step step = planner.next();
    for (const int slot : step.forget) cache[slot].clear();
    int in_step = 0;
    for (const Feed& feed : step.feeds) {
      in_step += static_cast<int>(feed.tokens.size());
      Tokens& held = cache[feed.slot];
      RC_ASSERT(feed.slot == slots[feed.id]);
      RC_ASSERT(std::ssize(held) == feed.position);
      held.insert(held.end(), feed.tokens.begin(), feed.tokens.end());
      const Tokens& all = expected[feed.id];
      RC_ASSERT(held.size() <= all.size());
      RC_ASSERT(std::equal(held.begin(), held.end(), all.begin()));
      RC_ASSERT(feed.wants_logits == (held.size() == all.size()));
    }
    RC_ASSERT(in_step <= small.step_tokens);
    std::int64_t cells = 0;
    for (const auto& [slot, held] : cache) {
      cells += std::ssize(held);
      RC_ASSERT(std::ssize(held) <= small.context_tokens);
    }
    RC_ASSERT(cells <= small.cells);
    for (const Feed& feed : step.feeds) {
      if (!feed.wants_logits) continue;
      const int fate = *rc::gen::inRange(0, 12);
      expected[feed.id].push_back(7000 + fate);
      if (!planner.sampled(feed.id, 7000 + fate) || fate == 0) {
        planner.finish(feed.id);
      } else if (fate == 1) {
        planner.drop(feed.id);
      }
    }
  }
}

}  // namespace
}  // namespace zubr::engine
