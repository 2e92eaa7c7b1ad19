#include "jobs/block_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/temp_dir.h"

namespace zubr::jobs {
namespace {

TEST(BlockFile, GivesBackWhatWasAppended) {
  const core::TempDir dir;
  auto file = BlockFile::open(dir.path() / "f", 0);
  ASSERT_TRUE(file);
  EXPECT_EQ(*file->append("abc"), 0u);
  EXPECT_EQ(*file->append("defg"), 3u);
  EXPECT_TRUE(file->sync());
  EXPECT_EQ(*file->read(2, 3), "cde");
  EXPECT_EQ(*file->read(7, 0), "");
}

TEST(BlockFile, ForgetsWhatWasNotWrittenDown) {
  const core::TempDir dir;
  {
    auto file = BlockFile::open(dir.path() / "f", 0);
    ASSERT_TRUE(file && file->append("kept") && file->append("not written down"));
  }
  auto again = BlockFile::open(dir.path() / "f", 4);
  ASSERT_TRUE(again);
  EXPECT_EQ(std::filesystem::file_size(dir.path() / "f"), 4u);
  EXPECT_EQ(*again->append("!"), 4u);
  EXPECT_EQ(*again->read(0, 5), "kept!");
}

TEST(BlockFile, RefusesAFileThatIsShorterThanWhatIsSafe) {
  const core::TempDir dir;
  const auto file = BlockFile::open(dir.path() / "f", 10);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code(), ErrorCode::kCorrupt);
}

TEST(BlockFile, RefusesToReadBehindItsEnd) {
  const core::TempDir dir;
  auto file = BlockFile::open(dir.path() / "f", 0);
  ASSERT_TRUE(file && file->append("abc"));
  EXPECT_EQ(file->read(2, 2).error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(file->read(~std::uint64_t{0}, 2).error().code(), ErrorCode::kCorrupt);
}

TEST(BlockFile, OnAFullDiskIsWhatItWasBefore) {
  auto file = BlockFile::open("/dev/full", 0);
  if (!file) GTEST_SKIP() << "no /dev/full here";
  const auto written = file->append("abc");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), ErrorCode::kDiskFull);
  EXPECT_EQ(file->size(), 0u);
}

}  // namespace
}  // namespace zubr::jobs
