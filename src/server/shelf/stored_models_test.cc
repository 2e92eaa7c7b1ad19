#include "server/shelf/stored_models.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/temp_dir.h"
#include "models/blobs/blob_references.h"
#include "models/blobs/blob_store.h"
#include "models/tiny_gguf.h"

namespace zubr::server {
namespace {

class StoredModelsTest : public ::testing::Test {
 protected:
  StoredModels shelf() { return StoredModels({.home = dir_.path(), .shipped = {}, .pull = {}, .http = {}}); }

  // A model among the blobs, as a pull leaves it.
  std::filesystem::path add(const std::string& name) {
    const auto blobs = models::BlobStore::open(dir_.path() / "blobs");
    const auto digest = blobs->put(models::tiny_gguf(), {});
    EXPECT_TRUE(digest.has_value());
    EXPECT_TRUE(models::BlobReferences(dir_.path() / "blobs" / "references").set(name, "test", {*digest}));
    EXPECT_TRUE(models::ModelStore(dir_.path() / "models").add(blobs->path_of(*digest), name, false));
    return blobs->path_of(*digest);
  }

  core::TempDir dir_;
};

TEST_F(StoredModelsTest, ListsWhatIsThere) {
  EXPECT_TRUE(shelf().list()->empty());
  add("tiny:1b");
  const auto list = shelf().list();
  ASSERT_EQ(list->size(), 1u);
  EXPECT_EQ((*list)[0].name, "tiny:1b");
  EXPECT_EQ((*list)[0].architecture, "llama");
  EXPECT_EQ((*list)[0].context_tokens, 128);
  EXPECT_EQ((*list)[0].digest.size(), 64u);
  const auto age = std::chrono::system_clock::now() - (*list)[0].changed_at;
  EXPECT_LT(std::chrono::abs(age), std::chrono::hours(1));
  EXPECT_EQ(shelf().find("lost").error().code(), ErrorCode::kNotFound);
}

TEST_F(StoredModelsTest, FindsANameWithOllamasDefaultTag) {
  add("tiny");
  EXPECT_EQ(shelf().find("tiny:latest")->name, "tiny");
}

TEST_F(StoredModelsTest, TellsTheFactsOfTheFile) {
  add("tiny");
  const auto facts = shelf().facts("tiny");
  ASSERT_TRUE(facts.has_value()) << facts.error().message();
  EXPECT_NE(std::ranges::find(*facts, std::pair<std::string, std::string>("llama.context_length", "128")),
            facts->end());
  EXPECT_EQ(*shelf().chat_template("tiny"), "");
}

TEST_F(StoredModelsTest, KeepsAFileThatACopyStillNeeds) {
  const auto file = add("tiny");
  ASSERT_TRUE(shelf().copy("tiny", "mine").has_value());
  ASSERT_TRUE(shelf().remove("tiny", {}).has_value());
  EXPECT_TRUE(std::filesystem::exists(file));
  EXPECT_EQ(shelf().list()->front().name, "mine");
  ASSERT_TRUE(shelf().remove("mine", {}).has_value());
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_EQ(shelf().copy("mine", "again").error().code(), ErrorCode::kNotFound);
}

TEST_F(StoredModelsTest, RefusesNamesThatArePaths) {
  add("tiny");
  EXPECT_EQ(shelf().copy("tiny", "../evil").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(shelf().copy("../tiny", "x").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(shelf().remove("../tiny", {}).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(StoredModelsTest, PullsNoFilesAndAddressesForSomeoneElsewhere) {
  const auto nothing = [](const ShelfPullProgress&) {};
  for (const char* reference : {"file:/etc/passwd", "http://127.0.0.1/model.gguf", "https://example.com/x.gguf"}) {
    const auto refused = shelf().pull(reference, nothing, {});
    ASSERT_FALSE(refused.has_value()) << reference;
    EXPECT_EQ(refused.error().code(), ErrorCode::kUnsupported) << refused.error().message();
  }
}

TEST_F(StoredModelsTest, MakesAModelFromAnotherOneOrFromBlobs) {
  const auto file = add("tiny");
  ShelfRecipe recipe{.name = "brief", .from = "tiny:latest", .files = {}, .adapters = {}, .modelfile = {}};
  recipe.modelfile.system = "Be brief.";
  ASSERT_TRUE(shelf().create(recipe, {}).has_value());
  const models::ModelStore store(dir_.path() / "models");
  EXPECT_EQ(store.find("brief")->recipe.system, "Be brief.");
  EXPECT_EQ(store.find("brief")->file, file);

  const std::string digest = models::sha256(models::tiny_gguf()).text();
  ASSERT_TRUE(shelf().create({.name = "own", .from = {}, .files = {digest}, .adapters = {}, .modelfile = {}}, {}));
  for (const char* gone : {"tiny", "brief"}) ASSERT_TRUE(shelf().remove(gone, {}));
  EXPECT_TRUE(std::filesystem::exists(file));  // "own" needs it
  ASSERT_TRUE(shelf().remove("own", {}));
  EXPECT_FALSE(std::filesystem::exists(file));
}

// Who is elsewhere names models and blobs, and no file of this machine.
TEST_F(StoredModelsTest, MakesNoModelFromAPath) {
  const auto file = add("tiny");
  const auto made = [&](ShelfRecipe recipe) {
    recipe.name = "evil";
    return shelf().create(recipe, {}).error().code();
  };
  EXPECT_EQ(made({.name = {}, .from = file.string(), .files = {}, .adapters = {}, .modelfile = {}}),
            ErrorCode::kInvalidArgument);
  EXPECT_FALSE(
      shelf().create({.name = "evil", .from = {}, .files = {file.string()}, .adapters = {}, .modelfile = {}}, {}));
  EXPECT_EQ(made({.name = {}, .from = {}, .files = {models::sha256("x").text()}, .adapters = {}, .modelfile = {}}),
            ErrorCode::kNotFound);
  EXPECT_EQ(shelf().push("tiny", "http://127.0.0.1/x.gguf", [](const auto&) {}, {}).error().code(),
            ErrorCode::kInvalidArgument);
}

TEST_F(StoredModelsTest, TakesABlobOnlyUnderItsOwnDigest) {
  const std::string digest = models::sha256("hello").text();
  EXPECT_FALSE(*shelf().has_blob(digest));
  EXPECT_EQ(shelf().put_blob(digest, "other", {}).error().code(), ErrorCode::kInvalidArgument);
  ASSERT_TRUE(shelf().put_blob(digest, "hello", {}).has_value());
  EXPECT_TRUE(*shelf().has_blob(digest));
  EXPECT_FALSE(shelf().has_blob("sha256:../../etc").has_value());
}

}  // namespace
}  // namespace zubr::server
