#include "engine/generate/fair_queue.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace zubr::engine {
namespace {

PlannedRequest request(RequestId id, std::string client, TimePoint deadline = kNoDeadline) {
  return {.id = id, .prompt = {1, 2, 3}, .client = std::move(client), .deadline = deadline};
}

TEST(FairQueue, ServesClientsInTurnWhateverEachOfThemAsks) {
  FairQueue queue(100, 100);
  for (RequestId id = 1; id <= 10; ++id) queue.push(request(id, "greedy"));
  queue.push(request(11, "modest"));
  std::vector<RequestId> order;
  for (int i = 0; i < 3; ++i) {
    const auto popped = queue.pop();
    order.push_back(popped.id);
    queue.charge(popped.client, 100);
  }
  EXPECT_EQ(order, (std::vector<RequestId>{1, 11, 2}));
}

TEST(FairQueue, CountsTokensNotRequests) {
  FairQueue queue(100, 100);
  for (RequestId id = 1; id <= 4; ++id) queue.push(request(id, "long"));
  for (RequestId id = 11; id <= 30; ++id) queue.push(request(id, "short"));
  int of_long = 0, of_short = 0;
  for (int i = 0; i < 11; ++i) {
    const auto popped = queue.pop();
    queue.charge(popped.client, popped.client == "long" ? 1000 : 100);
    ++(popped.client == "long" ? of_long : of_short);
  }
  EXPECT_EQ(of_long, 1);
  EXPECT_EQ(of_short, 10);
}

TEST(FairQueue, SavesUpNoPause) {
  FairQueue queue(100, 100);
  queue.push(request(1, "old"));
  for (RequestId id = 2; id <= 40; ++id) queue.push(request(id, "busy"));
  EXPECT_EQ(queue.pop().client, "old");
  queue.charge("old", 10);
  queue.ended("old");
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(queue.pop().client, "busy");
    queue.charge("busy", 10);
  }
  for (RequestId id = 50; id < 60; ++id) queue.push(request(id, "old"));
  int of_old = 0;
  for (int i = 0; i < 10; ++i) {
    const auto popped = queue.pop();
    queue.charge(popped.client, 10);
    of_old += popped.client == "old";
  }
  EXPECT_EQ(of_old, 5);
}

TEST(FairQueue, RefusesWhatItCannotHoldAndWhatOneClientMayNotHave) {
  FairQueue queue(4, 2);
  EXPECT_EQ(queue.push(request(1, "a")), std::nullopt);
  EXPECT_EQ(queue.push(request(2, "a")), std::nullopt);
  EXPECT_EQ(queue.push(request(3, "a")), QueueRefusal::kClientFull);
  EXPECT_EQ(queue.push(request(4, "b")), std::nullopt);
  EXPECT_EQ(queue.push(request(5, "c")), std::nullopt);
  EXPECT_EQ(queue.push(request(6, "d")), QueueRefusal::kFull);
  queue.pop();
  EXPECT_EQ(queue.push(request(7, "d")), std::nullopt);
}

TEST(FairQueue, LetsGoOfWhatIsTooLate) {
  FairQueue queue(10, 10);
  const TimePoint start{};
  queue.push(request(1, "a", start + std::chrono::seconds(1)));
  queue.push(request(2, "a", start + std::chrono::seconds(3)));
  queue.push(request(3, "b"));
  EXPECT_TRUE(queue.expired(start).empty());
  EXPECT_EQ(queue.expired(start + std::chrono::seconds(1)), std::vector<RequestId>{1});
  EXPECT_EQ(queue.size(), 2u);
  EXPECT_TRUE(queue.erase(2));
  EXPECT_FALSE(queue.erase(2));
  EXPECT_EQ(queue.pop().id, 3u);
  EXPECT_EQ(queue.front(), nullptr);
}

// Of clients that always have something waiting, none is ever ahead of another by more than one request.
RC_GTEST_PROP(FairQueueProperty, KeepsBusyClientsWithinOneRequestOfEachOther, ()) {
  FairQueue queue(1000, 1000);
  const std::vector<std::string> clients = {"a", "b", "c"};
  RequestId id = 1;
  for (const auto& client : clients) {
    for (int i = 0; i < 40; ++i) queue.push(request(id++, client));
  }
  const double most = 50;
  for (int i = 0; i < 40; ++i) {
    const auto popped = queue.pop();
    queue.charge(popped.client, *rc::gen::inRange(1, static_cast<int>(most)));
    const auto [least, largest] = std::ranges::minmax({queue.served("a"), queue.served("b"), queue.served("c")});
    RC_ASSERT(largest - least <= most);
  }
}

}  // namespace
}  // namespace zubr::engine
