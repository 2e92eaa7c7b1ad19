#include "core/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <iterator>

#include "core/temp_dir.h"

namespace zubr::core {
namespace {

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

int files_in(const std::filesystem::path& folder) {
  int count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

TEST(AtomicFile, AppearsWholeAtCommit) {
  const TempDir folder;
  const auto target = folder.path() / "out";
  auto file = AtomicFile::create(target);
  ASSERT_TRUE(file) << file.error().message();
  ASSERT_TRUE(file->write("half "));
  EXPECT_FALSE(std::filesystem::exists(target));
  ASSERT_TRUE(file->write("whole"));
  ASSERT_TRUE(file->commit());
  EXPECT_EQ(content_of(target), "half whole");
  EXPECT_EQ(files_in(folder.path()), 1);
}

TEST(AtomicFile, LeavesTheOldFileWhenItIsGivenUp) {
  const TempDir folder;
  const auto target = folder.path() / "out";
  std::ofstream(target) << "old";
  {
    auto file = AtomicFile::create(target);
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->write("new"));
  }
  EXPECT_EQ(content_of(target), "old");
  EXPECT_EQ(files_in(folder.path()), 1);
}

TEST(AtomicFile, KeepsTheRightsOfTheFileItReplaces) {
  const TempDir folder;
  const auto target = folder.path() / "out";
  std::ofstream(target) << "old";
  ::chmod(target.c_str(), 0600);
  auto file = AtomicFile::create(target);
  ASSERT_TRUE(file && file->commit());
  EXPECT_EQ(std::filesystem::status(target).permissions(), std::filesystem::perms(0600));
}

TEST(AtomicFile, ReplacesWhatALinkPointsTo) {
  const TempDir folder;
  std::ofstream(folder.path() / "real") << "old";
  std::filesystem::create_symlink("real", folder.path() / "link");
  auto file = AtomicFile::create(folder.path() / "link");
  ASSERT_TRUE(file && file->write("new") && file->commit());
  EXPECT_TRUE(std::filesystem::is_symlink(folder.path() / "link"));
  EXPECT_EQ(content_of(folder.path() / "real"), "new");
}

TEST(AtomicFile, WritesADeviceDirectly) {
  auto file = AtomicFile::create("/dev/null");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_TRUE(file->is_direct());
  ASSERT_TRUE(file->write("gone") && file->commit());
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

TEST(AtomicFile, SaysWhyItCannotBeMade) {
  const TempDir folder;
  EXPECT_EQ(AtomicFile::create(folder.path()).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(AtomicFile::create(folder.path() / "none" / "out").error().code(), ErrorCode::kNotFound);
}

TEST(SystemError, MapsACrowdedDiskAndMissingRights) {
  EXPECT_EQ(system_error("x", ENOSPC).code(), ErrorCode::kDiskFull);
  EXPECT_EQ(system_error("x", EROFS).code(), ErrorCode::kPermissionDenied);
  EXPECT_EQ(system_error("cannot write out", ENOSPC).message(), "cannot write out: No space left on device");
}

}  // namespace
}  // namespace zubr::core
