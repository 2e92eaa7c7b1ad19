#include "engine/pool/model_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <latch>
#include <mutex>
#include <thread>

#include "inference/fake_backend.h"

namespace zubr::engine {
namespace {

using inference::Backend;
using std::chrono::minutes;

// Models of 100 bytes each (or as told) in a process that has 10 of its own.
class ModelPoolTest : public testing::Test {
 protected:
  class Counted : public inference::FakeBackend {
   public:
    Counted(std::atomic<std::uint64_t>& memory, std::uint64_t bytes, int context)
        : FakeBackend({.context_tokens = context}), memory_(memory), bytes_(bytes) {
      memory_ += bytes_;
    }
    ~Counted() override { memory_ -= bytes_; }

   private:
    std::atomic<std::uint64_t>& memory_;
    std::uint64_t bytes_;
  };

  std::unique_ptr<ModelPool> pool(std::uint64_t memory, std::set<std::string> pinned = {}) {
    PoolOptions options;
    options.open = [this](const PoolOptions::Wanted& wanted, std::stop_token stop) { return open(wanted, stop); };
    options.estimate = [this](const PoolOptions::Wanted& wanted) -> Result<std::uint64_t> {
      if (wanted.name == "nobody") return fail(ErrorCode::kNotFound, "model '{}' is not here", wanted.name);
      return expected_;
    };
    options.measure = [this] { return memory_.load(); };
    options.default_name = "a";
    options.memory = memory;
    options.pinned = std::move(pinned);
    options.clock = clock_;
    options.unloads_by_itself = false;
    return std::make_unique<ModelPool>(std::move(options));
  }

  Result<std::shared_ptr<Backend>> open(const PoolOptions::Wanted& wanted, std::stop_token stop) {
    {
      const std::lock_guard lock(mutex_);
      loads_.push_back(wanted.name);
    }
    if (gate_) gate_->wait();
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
    if (wanted.name == "broken") return fail(ErrorCode::kCorrupt, "'{}' is damaged", wanted.name);
    const int context = wanted.context_tokens > 0 ? std::min(wanted.context_tokens, 8192) : 4096;
    return std::make_shared<Counted>(memory_, real_, context);
  }

  static std::vector<std::string> names(const ModelPool& pool) {
    std::vector<std::string> all;
    for (const auto& model : pool.loaded()) all.push_back(model.info.name);
    return all;
  }

  std::shared_ptr<core::FakeClock> clock_ = std::make_shared<core::FakeClock>();
  std::atomic<std::uint64_t> memory_ = 10;
  std::uint64_t expected_ = 100, real_ = 100;
  std::mutex mutex_;
  std::vector<std::string> loads_;  // guarded by mutex_ while threads run
  std::unique_ptr<std::latch> gate_;
};

TEST_F(ModelPoolTest, LoadsOnDemandAndOnlyOnce) {
  const auto models = pool(0);
  EXPECT_TRUE(models->borrow({.name = "b"}, {}));
  EXPECT_TRUE(models->borrow({.name = "b"}, {}));
  EXPECT_TRUE(models->borrow({}, {}));
  EXPECT_EQ(loads_, (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(models->borrow({.name = "nobody"}, {}).error().code(), ErrorCode::kNotFound);
}

TEST_F(ModelPoolTest, UnloadsTheLongestUnusedForRoom) {
  const auto models = pool(250);
  for (const char* name : {"a", "b", "a", "c"}) ASSERT_TRUE(models->borrow({.name = name}, {}));
  EXPECT_EQ(names(*models), (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(memory_, 210u);
}

// Who listens hears of a model before its memory is given back, and never again once they stopped listening.
TEST_F(ModelPoolTest, TellsWhatIsAboutToGo) {
  const auto models = pool(0);
  std::vector<std::uint64_t> memory_then;
  const inference::Backend* first = nullptr;
  models->on_unload([&](const inference::Backend& gone) {
    EXPECT_EQ(&gone, first);
    memory_then.push_back(memory_);
  });
  {
    const auto held = *models->borrow({.name = "b"}, {});
    first = held.get();
    EXPECT_TRUE(models->unload("b"));
    EXPECT_TRUE(memory_then.empty());  // it is in use
  }
  EXPECT_EQ(memory_then, std::vector<std::uint64_t>{110});
  EXPECT_EQ(memory_, 10u);
  models->on_unload(nullptr);
  ASSERT_TRUE(models->borrow({.name = "b"}, {}));
  EXPECT_TRUE(models->unload("b"));
  EXPECT_EQ(memory_then.size(), 1u);
}

TEST_F(ModelPoolTest, KeepsAModelAsItWasLastAsked) {
  const auto models = pool(0);
  ASSERT_TRUE(models->borrow({.name = "b", .keep_alive = minutes(60)}, {}));
  ASSERT_TRUE(models->borrow({.name = "b"}, {}));  // says nothing of it
  clock_->advance(minutes(59));
  models->unload_expired();
  EXPECT_EQ(names(*models), std::vector<std::string>{"b"});
  clock_->advance(minutes(2));
  models->unload_expired();
  EXPECT_TRUE(models->loaded().empty());
}

// What counts is what a model really took: here four times as much as was expected.
TEST_F(ModelPoolTest, BelievesWhatItMeasures) {
  real_ = 400;
  const auto models = pool(600);
  ASSERT_TRUE(models->borrow({.name = "a"}, {}));
  EXPECT_EQ(models->loaded()[0].bytes, 400u);
  ASSERT_TRUE(models->borrow({.name = "b"}, {}));
  EXPECT_EQ(names(*models), (std::vector<std::string>{"a", "b"}));  // 410 + 100 were within 600
  ASSERT_TRUE(models->borrow({.name = "c"}, {}));                   // 810 + 100 are not, 410 + 100 are
  EXPECT_EQ(names(*models), (std::vector<std::string>{"b", "c"}));
}

TEST_F(ModelPoolTest, NeverUnloadsWhatIsPinned) {
  const auto models = pool(250, {"a", "b"});
  ASSERT_TRUE(models->borrow({.name = "a"}, {}));
  ASSERT_TRUE(models->borrow({.name = "b"}, {}));
  const auto third = models->borrow({.name = "c"}, {});
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code(), ErrorCode::kOutOfMemory);
  clock_->advance(std::chrono::hours(100));
  models->unload_expired();
  EXPECT_EQ(names(*models), (std::vector<std::string>{"a", "b"}));
}

TEST_F(ModelPoolTest, WaitsForTheOneInUseWhenThatIsWhatHasTheRoom) {
  const auto models = pool(150);
  auto held = *models->borrow({.name = "a"}, {});
  std::promise<void> done;
  std::jthread other([&] {
    EXPECT_TRUE(models->borrow({.name = "b"}, {}));
    done.set_value();
  });
  while (std::ranges::none_of(models->loaded(), [](const auto& model) { return model.loading; }))
    std::this_thread::yield();
  EXPECT_EQ(held->info().context_tokens, 4096);  // still whole
  held.reset();
  done.get_future().wait();
  EXPECT_EQ(names(*models), (std::vector<std::string>{"b"}));
}

TEST_F(ModelPoolTest, StopsWaitingForRoomWhenItsCallerGoes) {
  const auto models = pool(150);
  const auto held = *models->borrow({.name = "a"}, {});
  std::stop_source stop;
  Result<std::shared_ptr<Backend>> outcome = fail(ErrorCode::kInternal, "not run");
  {
    std::jthread other([&] { outcome = models->borrow({.name = "b"}, stop.get_token()); });
    stop.request_stop();
  }
  EXPECT_EQ(outcome.error().code(), ErrorCode::kCancelled);
  EXPECT_TRUE(models->borrow({.name = "a"}, {}));
}

TEST_F(ModelPoolTest, LetsAllWhoWaitHaveTheSameLoad) {
  const auto models = pool(0);
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i) threads.emplace_back([&] { good += models->borrow({.name = "b"}, {}).has_value(); });
  }
  EXPECT_EQ(good, 16);
  EXPECT_EQ(loads_.size(), 1u);
}

TEST_F(ModelPoolTest, TellsAllWhoWaitWhyALoadFailed) {
  const auto models = pool(0);
  gate_ = std::make_unique<std::latch>(1);
  std::vector<std::jthread> threads;
  std::atomic<int> corrupt = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto outcome = models->borrow({.name = "broken"}, {});
      corrupt += !outcome && outcome.error().code() == ErrorCode::kCorrupt;
    });
  }
  const auto all_wait = [](const auto& model) { return model.loading && model.users == 7; };
  while (std::ranges::none_of(models->loaded(), all_wait)) std::this_thread::yield();
  gate_->count_down();
  threads.clear();
  EXPECT_EQ(corrupt, 8);
  EXPECT_EQ(loads_.size(), 1u);
  EXPECT_TRUE(models->loaded().empty());
}

TEST_F(ModelPoolTest, TakesALargerContextForASmallerOneAndLoadsAgainOnlyForALargerOne) {
  const auto models = pool(0);
  ASSERT_TRUE(models->borrow({.name = "a", .context_tokens = 2048}, {}));
  ASSERT_TRUE(models->borrow({.name = "a", .context_tokens = 512}, {}));
  ASSERT_TRUE(models->borrow({.name = "a"}, {}));
  EXPECT_EQ(loads_.size(), 1u);
  ASSERT_TRUE(models->borrow({.name = "a", .context_tokens = 4096}, {}));
  EXPECT_EQ(loads_.size(), 2u);
  EXPECT_EQ(memory_, 110u);  // the small one went first
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(models->borrow({.name = "a", .context_tokens = 100'000}, {}));
  EXPECT_EQ(loads_.size(), 3u);  // it has no more: not tried again
}

TEST_F(ModelPoolTest, UnloadsWhatWasNotUsedForItsKeepAlive) {
  const auto models = pool(0);
  ASSERT_TRUE(models->borrow({.name = "a"}, {}));
  ASSERT_TRUE(models->borrow({.name = "b", .keep_alive = minutes(60)}, {}));
  ASSERT_TRUE(models->borrow({.name = "c", .keep_alive = kKeepForEver}, {}));
  ASSERT_TRUE(models->borrow({.name = "d", .keep_alive = KeepAlive(0)}, {}));
  EXPECT_EQ(names(*models), (std::vector<std::string>{"a", "b", "c"}));
  clock_->advance(minutes(5));
  models->unload_expired();
  EXPECT_EQ(names(*models), (std::vector<std::string>{"b", "c"}));
  clock_->advance(minutes(60));
  models->unload_expired();
  EXPECT_EQ(names(*models), (std::vector<std::string>{"c"}));
  EXPECT_TRUE(models->unload("c"));
  EXPECT_FALSE(models->unload("c"));
  EXPECT_EQ(memory_, 10u);
}

TEST_F(ModelPoolTest, UnloadsWhatIsInUseOnlyAfterwards) {
  const auto models = pool(0);
  auto held = *models->borrow({.name = "a"}, {});
  EXPECT_TRUE(models->unload("a"));
  EXPECT_EQ(memory_, 110u);
  held.reset();
  EXPECT_EQ(memory_, 10u);
}

TEST_F(ModelPoolTest, SurvivesManyWhoWantManyModelsInLittleRoom) {
  const auto models = pool(330);
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 6; ++i) {
      threads.emplace_back([&, i] {
        for (int round = 0; round < 50; ++round) {
          const auto backend = models->borrow({.name = std::string(1, static_cast<char>('a' + (i + round) % 5))}, {});
          good += backend && (*backend)->label_codes(1).has_value();
          EXPECT_LE(memory_, 330u);
        }
      });
    }
  }
  EXPECT_EQ(good, 300);
}

TEST_F(ModelPoolTest, UnloadsByItselfInRealTime) {
  PoolOptions options;
  options.open = [this](const PoolOptions::Wanted& wanted, std::stop_token stop) { return open(wanted, stop); };
  options.estimate = [](const PoolOptions::Wanted&) -> Result<std::uint64_t> { return 1; };
  options.measure = [this] { return memory_.load(); };
  ModelPool models(std::move(options));
  ASSERT_TRUE(models.borrow({.name = "a", .keep_alive = KeepAlive(20)}, {}));
  while (memory_ != 10) std::this_thread::yield();
  EXPECT_TRUE(models.loaded().empty());
}

}  // namespace
}  // namespace zubr::engine
