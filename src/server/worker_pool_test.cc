#include "server/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace zubr::server {
namespace {

TEST(WorkerPool, RunsSoManyAtOnceAndQueuesSoMany) {
  WorkerPool pool(2, 1);
  std::latch both_run(2), release(1);
  std::atomic<int> done{0};
  const auto blocking = [&] {
    both_run.count_down();
    release.wait();
    ++done;
  };
  EXPECT_TRUE(pool.submit(blocking, {}));
  EXPECT_TRUE(pool.submit(blocking, {}));
  both_run.wait();
  EXPECT_TRUE(pool.submit([&] { ++done; }, {}));
  EXPECT_EQ(pool.waiting(), 1);
  EXPECT_FALSE(pool.submit([&] { ++done; }, {}));
  release.count_down();
  pool.join();
  EXPECT_EQ(done, 3) << "what waits is still run";
  EXPECT_FALSE(pool.submit([] {}, {})) << "after join()";
}

TEST(WorkerPool, GivesThePlaceOfAJobThatNobodyWantsToAnother) {
  WorkerPool pool(1, 1);
  std::latch runs(1), release(1);
  std::atomic<int> done{0};
  pool.submit(
      [&] {
        runs.count_down();
        release.wait();
      },
      {});
  runs.wait();
  std::stop_source unwanted;
  EXPECT_TRUE(pool.submit([&] { ++done; }, unwanted.get_token()));
  EXPECT_FALSE(pool.submit([&] { ++done; }, {}));
  unwanted.request_stop();
  EXPECT_TRUE(pool.submit([&] { ++done; }, {}));
  release.count_down();
  pool.join();
  EXPECT_EQ(done, 2) << "the unwanted one must tell its client";
}

TEST(WorkerPool, RunsEveryJobOfManySubmitters) {
  WorkerPool pool(4, 100'000);
  std::atomic<int> done{0};
  std::vector<std::thread> submitters;
  for (int i = 0; i < 4; ++i) {
    submitters.emplace_back([&] {
      for (int job = 0; job < 1'000; ++job) EXPECT_TRUE(pool.submit([&] { ++done; }, {}));
    });
  }
  for (auto& submitter : submitters) submitter.join();
  pool.join();
  EXPECT_EQ(done, 4'000);
}

}  // namespace
}  // namespace zubr::server
