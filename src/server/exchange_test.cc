#include "server/exchange.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace zubr::server {
namespace {

TEST(Exchange, HandsOverAWholeAnswerOnce) {
  int wakes = 0;
  Exchange exchange(100, [&] { ++wakes; });
  EXPECT_FALSE(exchange.answered());
  Response response;
  response.body = "first";
  exchange.send(response);
  response.body = "second";
  exchange.send(response);
  exchange.end({}, true);
  const auto taken = exchange.take();
  ASSERT_TRUE(taken.response.has_value());
  EXPECT_EQ(taken.response->body, "first");
  EXPECT_TRUE(taken.ended);
  EXPECT_FALSE(taken.broken) << "the first end counts";
  EXPECT_EQ(wakes, 1);
}

TEST(Exchange, WakesOnceForManyWritesUntilTheyAreTaken) {
  int wakes = 0;
  Exchange exchange(100, [&] { ++wakes; });
  exchange.begin({});
  EXPECT_EQ(wakes, 0) << "the head leaves together with the first bytes";
  exchange.write("a");
  exchange.write("b");
  EXPECT_EQ(wakes, 1);
  const auto taken = exchange.take();
  EXPECT_TRUE(taken.head.has_value());
  EXPECT_EQ(taken.bytes, "ab");
  exchange.write("c");
  EXPECT_EQ(wakes, 2);
  EXPECT_FALSE(exchange.take().head.has_value());
}

TEST(Exchange, MakesTheWriterWaitWhileTheBufferIsFull) {
  Exchange exchange(4, [] {});
  std::atomic<int> written{0};
  std::thread writer([&] {
    for (int i = 0; i < 10; ++i) {
      exchange.write("xx");
      ++written;
    }
    exchange.end();
  });
  std::string all;
  for (bool ended = false; !ended;) {
    const auto taken = exchange.take();
    EXPECT_LE(taken.bytes.size(), 4u);
    all += taken.bytes;
    ended = taken.ended;
  }
  writer.join();
  EXPECT_EQ(written, 10);
  EXPECT_EQ(all.size(), 20u);
}

TEST(Exchange, FreesAWaitingWriterWhenTheClientIsGone) {
  Exchange exchange(1, [] {});
  ASSERT_TRUE(exchange.write("full"));
  std::atomic<bool> result{true};
  std::thread writer([&] { result = exchange.write("more"); });
  exchange.abandon();
  writer.join();
  EXPECT_FALSE(result);
  EXPECT_TRUE(exchange.stop_token().stop_requested());
  exchange.end("last words");
  EXPECT_EQ(exchange.take().bytes, "");
}

TEST(Exchange, StillSendsLastWordsWhenItWasCancelled) {
  Exchange exchange(100, [] {});
  exchange.begin({});
  exchange.cancel();
  EXPECT_FALSE(exchange.write("dropped"));
  exchange.end("sorry", true);
  const auto taken = exchange.take();
  EXPECT_EQ(taken.bytes, "sorry");
  EXPECT_TRUE(taken.ended && taken.broken);
}

}  // namespace
}  // namespace zubr::server
