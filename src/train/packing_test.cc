#include "train/packing.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace zubr::train {
namespace {

Run run_of(int first, int count, bool trained) {
  Run run;
  for (int i = 0; i < count; ++i) {
    run.tokens.push_back(first + i);
    run.weights.push_back(trained ? 1.0F : 0.0F);
  }
  return run;
}

TEST(Packing, BranchesGoOnWhereTheTrunkEnds) {
  Packer packer(1, 16);
  ASSERT_TRUE(packer.add({run_of(10, 3, false), {run_of(20, 2, true), run_of(30, 2, true)}}));
  const Batch batch = packer.take();
  EXPECT_EQ(batch.tokens, (std::vector<std::int64_t>{10, 11, 12, 20, 21, 30, 31, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(batch.positions, (std::vector<std::int64_t>{0, 1, 2, 3, 4, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(batch.branches, (std::vector<std::int32_t>{0, 0, 0, 1, 1, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(batch.samples[6], 0);
  EXPECT_EQ(batch.samples[7], -1);
  // A branch's first token is predicted from the trunk's last, its second from its own first.
  EXPECT_EQ(batch.from, (std::vector<std::int64_t>{2, 3, 2, 5}));
  EXPECT_EQ(batch.target, (std::vector<std::int64_t>{20, 21, 30, 31}));
  EXPECT_EQ(batch.owner, (std::vector<std::int32_t>{1, 1, 2, 2}));
}

RC_GTEST_PROP(Packing, KeepsEveryTokenOfEverySampleOnceAndApart, ()) {
  const auto length = *rc::gen::inRange(1, 40), rows = *rc::gen::inRange(1, 4);
  Packer packer(rows, length);
  std::vector<Sample> added;
  const int wanted = *rc::gen::inRange(0, 12);
  for (int s = 0; s < wanted; ++s) {
    Sample sample{run_of(1000 * (s + 1), *rc::gen::inRange(0, 10), *rc::gen::arbitrary<bool>()), {}};
    for (int b = *rc::gen::inRange(0, 4); b > 0; --b)
      sample.branches.push_back(run_of(1000 * (s + 1) + 50 * b, *rc::gen::inRange(1, 6), true));
    const bool fits = sample.size() <= length && !sample.trunk.tokens.empty();
    if (packer.add(sample)) {
      RC_ASSERT(fits);
      added.push_back(sample);
    }
  }
  std::int64_t expected = 0;
  for (const Sample& sample : added) expected += sample.size();
  RC_ASSERT(packer.used() == expected);
  const Batch batch = packer.take();
  RC_ASSERT(packer.used() == 0);
  RC_ASSERT(std::ssize(batch.tokens) == rows * length);
  std::size_t targets = 0;
  for (std::size_t s = 0; s < added.size(); ++s) {
    std::vector<std::int64_t> want, got;
    const auto take = [&](const Run& run, bool trunk) {
      for (std::size_t i = 0; i < run.tokens.size(); ++i) {
        want.push_back(run.tokens[i]);
        if (run.weights[i] != 0 && !(trunk && i == 0)) ++targets;
      }
    };
    take(added[s].trunk, true);
    for (const Run& branch : added[s].branches) take(branch, false);
    for (std::size_t cell = 0; cell < batch.tokens.size(); ++cell)
      if (batch.samples[cell] == static_cast<std::int32_t>(s)) got.push_back(batch.tokens[cell]);
    RC_ASSERT(got == want);
  }
  RC_ASSERT(batch.target.size() == targets);
  for (std::size_t i = 0; i < batch.from.size(); ++i) {
    const auto from = static_cast<std::size_t>(batch.from[i]);
    RC_ASSERT(batch.samples[from] >= 0);
  }
}

}  // namespace
}  // namespace zubr::train
