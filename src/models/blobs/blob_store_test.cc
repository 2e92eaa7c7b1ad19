#include "models/blobs/blob_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "core/temp_dir.h"
#include "core/text_file.h"
#include "models/blobs/blob_references.h"

namespace zubr::models {
namespace {

class BlobStoreTest : public ::testing::Test {
 protected:
  core::TempDir home_;
  BlobStore store_ = *BlobStore::open(home_.path() / "blobs");

  Digest put(std::string_view bytes) { return *store_.put(bytes, {}); }
};

TEST_F(BlobStoreTest, NamesABlobByItsContent) {
  const Digest digest = put("hello");
  EXPECT_TRUE(store_.contains(digest));
  EXPECT_EQ(*core::read_text_file(store_.path_of(digest), 100), "hello");
  EXPECT_EQ(*store_.size_of(digest), 5U);
  EXPECT_EQ(*store_.list(), std::vector{digest});
}

TEST_F(BlobStoreTest, FindsWhatADeadProcessLeft) {
  const std::string key = sha256("0123456789").file_name();
  {
    auto partial = store_.begin(key, {});
    ASSERT_TRUE(partial);
    ASSERT_TRUE(partial->write(4, "4567"));
    ByteRanges done;
    done.add({4, 8});
    ASSERT_TRUE(partial->record({.size = 10, .validator = "", .done = done}));
  }
  auto again = store_.begin(key, {});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->resumed().size, 10U);
  EXPECT_TRUE(again->resumed().done.covers({4, 8}));
  char bytes[4];
  ASSERT_TRUE(again->read(4, bytes));
  EXPECT_EQ(std::string_view(bytes, 4), "4567");
}

TEST_F(BlobStoreTest, LeavesNothingOfADeadProcessBesideABlob) {
  const std::string bytes = "0123456789";
  const Digest digest = sha256(bytes);
  auto partial = store_.begin(digest.file_name(), {});
  ASSERT_TRUE(partial);
  ASSERT_TRUE(partial->write(0, bytes));
  const auto folder = home_.path() / "blobs" / "partial";
  std::ofstream(folder / (digest.file_name() + ".journal.new")) << "killed between writing and renaming";
  ASSERT_TRUE(partial->commit(store_.path_of(digest)));
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    EXPECT_EQ(entry.path().extension(), ".lock") << entry.path();
}

TEST_F(BlobStoreTest, DoesNotBelieveAJournalWithoutItsData) {
  const std::string key = sha256("x").file_name();
  {
    auto partial = store_.begin(key, {});
    ByteRanges done;
    done.add({0, 100});
    ASSERT_TRUE(partial->record({.size = 200, .validator = "", .done = done}));  // no byte was written
  }
  EXPECT_TRUE(store_.begin(key, {})->resumed().done.spans().empty());
}

TEST_F(BlobStoreTest, LetsOneAtATimeAtABlob) {
  const std::string key = sha256("x").file_name();
  auto first = std::make_unique<Result<PartialBlob>>(store_.begin(key, {}));
  ASSERT_TRUE(*first);
  std::atomic<bool> waited = false;
  std::jthread second([&] {
    const auto partial = store_.begin(key, {}, [&] { waited = true; });
    EXPECT_TRUE(partial);
  });
  while (!waited) std::this_thread::yield();
  first.reset();
}

TEST_F(BlobStoreTest, WaitsNoLongerThanAsked) {
  const std::string key = sha256("x").file_name();
  const auto first = store_.begin(key, {});
  std::stop_source stop;
  const auto second = store_.begin(key, stop.get_token(), [&] { stop.request_stop(); });
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::kCancelled);
}

TEST_F(BlobStoreTest, SaysBothNumbersWhenTheDiskIsTooSmall) {
  const auto store = BlobStore::open(home_.path() / "b", [](const auto&) -> Result<std::uint64_t> { return 10 << 20; });
  EXPECT_TRUE(store->check_space(1 << 20));
  const auto no = store->check_space(std::uint64_t{20} << 30);
  ASSERT_FALSE(no);
  EXPECT_EQ(no.error().code(), ErrorCode::kDiskFull);
  EXPECT_NE(no.error().message().find("20.0 GiB"), std::string::npos) << no.error().message();
  EXPECT_NE(no.error().message().find("10.0 MiB"), std::string::npos) << no.error().message();
  EXPECT_FALSE(store->check_space(UINT64_MAX));
}

TEST_F(BlobStoreTest, CollectsWhatNobodyNeedsAndNothingElse) {
  const Digest needed = put("needed");
  const Digest garbage = put("garbage");
  { const auto left = store_.begin(sha256("left over").file_name(), {}); }
  std::ofstream(store_.folder() / "notes.txt") << "mine";
  const auto needs = [&]() -> Result<std::set<Digest>> { return std::set{needed}; };
  const auto would = store_.collect_garbage(needs, true, {});
  ASSERT_TRUE(would);
  EXPECT_EQ(would->blobs, std::vector{garbage});
  EXPECT_TRUE(store_.contains(garbage));
  const auto did = store_.collect_garbage(needs, false, {});
  ASSERT_TRUE(did);
  EXPECT_EQ(did->bytes, 7U);
  EXPECT_EQ(did->partials, 1);
  EXPECT_TRUE(store_.contains(needed));
  EXPECT_FALSE(store_.contains(garbage));
  EXPECT_TRUE(std::filesystem::exists(store_.folder() / "notes.txt"));
  EXPECT_TRUE(std::filesystem::is_empty(store_.folder() / "partial"));
}

TEST_F(BlobStoreTest, WaitsWithGarbageUntilNobodyFetches) {
  auto fetching = std::make_unique<Result<BlobLock>>(store_.keep_all({}));
  ASSERT_TRUE(*fetching);
  std::stop_source stop;
  stop.request_stop();
  const auto needs = [] { return Result<std::set<Digest>>(); };
  EXPECT_EQ(store_.collect_garbage(needs, false, stop.get_token()).error().code(), ErrorCode::kCancelled);
  fetching.reset();
  EXPECT_TRUE(store_.collect_garbage(needs, false, {}));
}

TEST(BlobReferences, CountHowManyModelsShareABlob) {
  const core::TempDir folder;
  const BlobReferences references(folder.path() / "references");
  const Digest a = sha256("a"), b = sha256("b");
  EXPECT_TRUE(references.counts()->empty());
  ASSERT_TRUE(references.set("llama3.1:8b", "library/llama3.1:8b", {a, b}));
  ASSERT_TRUE(references.set("../żubr", "x", {a}));
  EXPECT_EQ(references.counts()->at(a), 2);
  EXPECT_EQ(references.counts()->at(b), 1);
  EXPECT_EQ(references.source_of("llama3.1:8b"), "library/llama3.1:8b");
  EXPECT_EQ(references.owners()->size(), 2U);
  EXPECT_EQ(std::filesystem::directory_iterator(folder.path())->path(), folder.path() / "references");
  ASSERT_TRUE(references.remove("../żubr"));
  EXPECT_EQ(references.counts()->at(a), 1);
  EXPECT_FALSE(references.source_of("../żubr"));
}

TEST(BlobReferences, KeepEverythingWhenAFileCannotBeRead) {
  const core::TempDir folder;
  std::ofstream(folder.path() / "broken.txt") << "sha256:123\n";
  EXPECT_EQ(BlobReferences(folder.path()).counts().error().code(), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace zubr::models
