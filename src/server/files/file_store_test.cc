#include "server/files/file_store.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/temp_dir.h"

namespace zubr::server {
namespace {

struct FileStoreTest : ::testing::Test {
  std::int64_t files_on_disk() const {
    std::int64_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(dir.path()))
      count += entry.path().filename().string().starts_with("file-");
    return count;
  }

  core::TempDir dir;
  std::unique_ptr<FileStore> store = *FileStore::open(dir.path(), 100);
};

TEST_F(FileStoreTest, GivesBackWhatItGotAlsoAfterARestart) {
  const std::string bytes("a\0b\r\n\xff", 6);
  const auto added = *store->add({.owner = "k", .name = "../../etc/passwd", .purpose = "batch"}, bytes);
  EXPECT_EQ(added.bytes, 6);
  store = *FileStore::open(dir.path(), 100);
  EXPECT_EQ(*store->content(added.id, "k"), bytes);
  EXPECT_EQ(store->find(added.id, "k")->name, "../../etc/passwd");
  EXPECT_EQ(files_on_disk(), 1);
}

TEST_F(FileStoreTest, ShowsAFileToItsOwnerOnly) {
  const auto added = *store->add({.owner = "k", .name = "a", .purpose = "batch"}, "x");
  for (const char* other : {"", "K", "j"}) {
    EXPECT_EQ(store->find(added.id, other).error().code(), ErrorCode::kNotFound);
    EXPECT_EQ(store->content(added.id, other).error().code(), ErrorCode::kNotFound);
    EXPECT_EQ(store->remove(added.id, other).error().code(), ErrorCode::kNotFound);
    EXPECT_TRUE(store->list(other, "")->empty());
  }
  EXPECT_EQ(store->list("k", "")->size(), 1u);
}

TEST_F(FileStoreTest, ListsTheNewestFirstAndByPurpose) {
  ASSERT_TRUE(store->add({.owner = "", .name = "a", .purpose = "batch"}, "x"));
  ASSERT_TRUE(store->add({.owner = "", .name = "b", .purpose = "vision"}, "x"));
  const auto all = *store->list("", ""), some = *store->list("", "batch");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "b");
  ASSERT_EQ(some.size(), 1u);
  EXPECT_EQ(some[0].name, "a");
}

TEST_F(FileStoreTest, IsFullAtItsLimitAndHasRoomAgainAfterADelete) {
  const auto big = *store->add({.owner = "", .name = "a", .purpose = "batch"}, std::string(60, 'x'));
  EXPECT_EQ(store->add({.owner = "k", .name = "b", .purpose = "batch"}, std::string(60, 'x')).error().code(),
            ErrorCode::kTooLarge);
  EXPECT_EQ(files_on_disk(), 1);
  ASSERT_TRUE(store->remove(big.id, ""));
  EXPECT_EQ(files_on_disk(), 0);
  EXPECT_TRUE(store->add({.owner = "", .name = "b", .purpose = "batch"}, std::string(60, 'x')));
}

TEST_F(FileStoreTest, NoIdIsAPath) {
  std::ofstream(dir.path() / "secret") << "s";
  for (const char* id : {"../secret", "secret", "file-1/../secret", "", "files.db"})
    EXPECT_EQ(store->content(id, "").error().code(), ErrorCode::kNotFound) << id;
}

TEST_F(FileStoreTest, BytesThatSomebodyTookAwayAreMissedAndSaid) {
  const auto added = *store->add({.owner = "", .name = "a", .purpose = "batch"}, "x");
  std::filesystem::remove(dir.path() / added.id);
  EXPECT_EQ(store->content(added.id, "").error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace zubr::server
