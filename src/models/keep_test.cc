#include "models/keep.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/temp_dir.h"
#include "core/text_file.h"
#include "models/blobs/blob_references.h"
#include "models/create.h"
#include "models/tiny_gguf.h"

namespace zubr::models {
namespace {

namespace fs = std::filesystem;

class KeepTest : public ::testing::Test {
 protected:
  // A model whose file is a blob, as a pull leaves it.
  Digest pulled(const std::string& name, const std::string& bytes = tiny_gguf()) {
    const auto blobs = BlobStore::open(home_.path() / "blobs");
    const Digest digest = *blobs->put(bytes, {});
    EXPECT_TRUE(BlobReferences(home_.path() / "blobs" / "references").set(name, "test", {digest}));
    EXPECT_TRUE(store_.add(blobs->path_of(digest), name, true));
    return digest;
  }
  bool has(const Digest& digest) { return fs::exists(home_.path() / "blobs" / digest.file_name()); }
  fs::path blob(const Digest& digest) { return home_.path() / "blobs" / digest.file_name(); }
  std::vector<CheckedFile> verify(std::string_view name = {}) {
    auto checked = verify_models(home_.path(), store_, name, {}, {});
    EXPECT_TRUE(checked) << checked.error().message();
    return checked.value_or(std::vector<CheckedFile>{});
  }

  core::TempDir home_, work_;
  ModelStore store_{home_.path() / "models"};
};

TEST_F(KeepTest, AFileStaysUntilItsLastNameGoes) {
  const Digest digest = pulled("a");
  ASSERT_TRUE(copy_model(home_.path(), store_, "a", "b", false, {}));
  auto removed = remove_model(home_.path(), store_, "a");
  ASSERT_TRUE(removed) << removed.error().message();
  EXPECT_EQ(removed->freed, 0U);
  EXPECT_TRUE(has(digest));
  removed = remove_model(home_.path(), store_, "b");
  EXPECT_EQ(removed->freed, tiny_gguf().size());
  EXPECT_FALSE(has(digest));
  EXPECT_EQ(remove_model(home_.path(), store_, "b").error().code(), ErrorCode::kNotFound);
}

TEST_F(KeepTest, RemovingDoesNotWaitForAPull) {
  const Digest digest = pulled("a");
  const auto blobs = BlobStore::open(home_.path() / "blobs");
  const auto guard = blobs->keep_all({});
  const auto removed = remove_model(home_.path(), store_, "a");
  ASSERT_TRUE(removed) << removed.error().message();
  EXPECT_TRUE(removed->postponed);
  EXPECT_TRUE(has(digest));
}

TEST_F(KeepTest, RemovingANameLeavesTheUsersOwnFile) {
  const fs::path file = work_.path() / "mine.gguf";
  ASSERT_TRUE(core::write_text_file(file, tiny_gguf()));
  ASSERT_TRUE(store_.add(file, "mine", false));
  ASSERT_TRUE(remove_model(home_.path(), store_, "mine"));
  EXPECT_TRUE(fs::exists(file));
}

TEST_F(KeepTest, CopiesTheRecipeAndAsksBeforeItReplaces) {
  pulled("a");
  const auto recipe = parse_modelfile("FROM a\nSYSTEM x\n");
  ASSERT_TRUE(create_model(home_.path(), store_, *recipe, {.name = "made"}, {}));
  ASSERT_TRUE(copy_model(home_.path(), store_, "made", "twin", false, {}));
  EXPECT_EQ(store_.find("twin")->recipe.system, "x");
  EXPECT_EQ(copy_model(home_.path(), store_, "a", "twin", false, {}).error().code(), ErrorCode::kAlreadyExists);
  EXPECT_TRUE(copy_model(home_.path(), store_, "a", "twin", true, {}));
  EXPECT_EQ(store_.find("twin")->recipe.system, "");
}

TEST_F(KeepTest, TheModelInsideTheProgramIsCopiedOut) {
  const fs::path inside = work_.path() / "inside";
  ASSERT_TRUE(core::write_text_file(inside, tiny_gguf()));
  const ModelStore store(home_.path() / "models", ShippedModel{"built-in", [&] { return Result<fs::path>(inside); }});
  const auto copied = copy_model(home_.path(), store, "built-in", "mine", false, {});
  ASSERT_TRUE(copied) << copied.error().message();
  EXPECT_TRUE(has(sha256(tiny_gguf())));
  fs::remove(inside);
  EXPECT_FALSE(store.find("mine")->missing);
}

TEST_F(KeepTest, ExportsOneFileOrAFolderThatMakesTheModelAgain) {
  pulled("a:8b");
  const auto recipe = parse_modelfile("FROM a:8b\nSYSTEM x\n");
  ASSERT_TRUE(create_model(home_.path(), store_, *recipe, {.name = "made:1"}, {}));
  ASSERT_TRUE(export_model(*store_.find("made:1"), work_.path() / "out.gguf", {}, {}));
  EXPECT_EQ(*core::read_text_file(work_.path() / "out.gguf", 1 << 20), tiny_gguf());
  const auto written = export_model(*store_.find("made:1"), work_.path() / "folder/", {}, {});
  ASSERT_TRUE(written) << written.error().message();
  const auto text = core::read_text_file(work_.path() / "folder" / "Modelfile", 1 << 20);
  ASSERT_TRUE(text);
  const auto again = create_model(home_.path(), store_, *parse_modelfile(*text),
                                  {.name = "again", .folder = work_.path() / "folder"}, {});
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->entry.recipe.system, "x");
}

TEST_F(KeepTest, FindsEveryKindOfDamage) {
  const Digest digest = pulled("pulled");
  const fs::path mine = work_.path() / "mine.gguf";
  ASSERT_TRUE(core::write_text_file(mine, tiny_gguf()));
  ASSERT_TRUE(store_.add(mine, "mine", false));
  for (const CheckedFile& file : verify())
    EXPECT_EQ(file.state, file.model == "mine" ? FileState::kUnknown : FileState::kWhole) << file.detail;

  std::string changed = tiny_gguf();
  changed[changed.size() - 1] ^= 1;
  ASSERT_TRUE(core::write_text_file(blob(digest), changed));
  ASSERT_EQ(verify("pulled").size(), 1U);
  EXPECT_EQ(verify("pulled")[0].state, FileState::kBroken);
  EXPECT_NE(verify("pulled")[0].detail.find(sha256(changed).hex()), std::string::npos);
  fs::remove(blob(digest));
  EXPECT_EQ(verify("pulled")[0].state, FileState::kMissing);

  ASSERT_TRUE(core::write_text_file(mine, tiny_gguf() + std::string(32, '\0')));
  EXPECT_EQ(verify("mine")[0].state, FileState::kChanged);
  ASSERT_TRUE(core::write_text_file(mine, "GGUF"));
  EXPECT_EQ(verify("mine")[0].state, FileState::kBroken);
  EXPECT_EQ(verify_models(home_.path(), store_, "none", {}, {}).error().code(), ErrorCode::kNotFound);
}

TEST_F(KeepTest, ALicenceIsCheckedByItsHashOnly) {
  const Digest model = pulled("a");
  const auto blobs = BlobStore::open(home_.path() / "blobs");
  const Digest licence = *blobs->put("free for all", {});
  ASSERT_TRUE(BlobReferences(home_.path() / "blobs" / "references").set("a", "test", {model, licence}));
  const auto files = verify();
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[1].state, FileState::kWhole) << files[1].detail;
}

TEST_F(KeepTest, AFileFromOutsideBecomesABlobOrNothing) {
  const auto blobs = BlobStore::open(home_.path() / "blobs");
  const fs::path file = work_.path() / "x";
  ASSERT_TRUE(core::write_text_file(file, "content"));
  EXPECT_EQ(import_file(*blobs, file, ImportMode::kLink, sha256("other"), {}, {}).error().code(), ErrorCode::kCorrupt);
  EXPECT_TRUE(blobs->list()->empty());
  ASSERT_TRUE(import_file(*blobs, file, ImportMode::kLink, sha256("content"), {}, {}));
  EXPECT_EQ(fs::hard_link_count(file), 2U);
  ASSERT_TRUE(core::write_text_file(file, "more"));
  ASSERT_TRUE(import_file(*blobs, file, ImportMode::kCopy, {}, {}, {}));
  EXPECT_EQ(fs::hard_link_count(file), 1U);
  EXPECT_EQ(*core::read_text_file(blobs->path_of(sha256("more")), 100), "more");
}

}  // namespace
}  // namespace zubr::models
