#include "models/others/foreign_stores.h"

#include <gtest/gtest.h>

#include <map>

#include "core/temp_dir.h"
#include "core/text_file.h"
#include "models/keep.h"
#include "models/tiny_gguf.h"

namespace zubr::models {
namespace {

namespace fs = std::filesystem;

class ForeignStores : public ::testing::Test {
 protected:
  void write(const fs::path& file, const std::string& bytes) { ASSERT_TRUE(core::write_text_file(file, bytes)); }
  std::string layer(std::string_view kind, const std::string& bytes) {
    write(ollama_ / "blobs" / sha256(bytes).file_name(), bytes);
    return fmt::format(R"({{"mediaType":"application/vnd.ollama.image.{}","digest":"{}","size":{}}})", kind,
                       sha256(bytes).text(), bytes.size());
  }
  void manifest(const std::string& path, const std::string& layers) {
    write(ollama_ / "manifests" / path,
          fmt::format(R"({{"schemaVersion":2,"config":{{"mediaType":"x","digest":"{}","size":2}},"layers":[{}]}})",
                      sha256("{}").text(), layers));
  }
  Result<ForeignFiles> ollama(const std::string& name) {
    ZUBR_TRY(ref, parse_model_ref(name));
    return find_in_ollama(ollama_, std::get<RegistryRef>(ref));
  }
  Result<ForeignFiles> hub(const std::string& name) {
    ZUBR_TRY(ref, parse_model_ref(name));
    return find_in_hub_cache(hub_, std::get<HubRef>(ref));
  }
  // As huggingface_hub lays it out: snapshots link to blobs.
  void cached(const std::string& path, const std::string& bytes) {
    const fs::path repo = hub_ / "models--org--repo";
    write(repo / "blobs" / sha256(bytes).hex(), bytes);
    write(repo / "refs" / "main", "abc123");
    const fs::path link = repo / "snapshots" / "abc123" / path;
    fs::create_directories(link.parent_path());
    fs::create_symlink(repo / "blobs" / sha256(bytes).hex(), link);
  }
  Result<Adopted> adopt(const ForeignFiles& files, const std::string& name = "mine") {
    return adopt_files(home_, store_, files, {.name = name, .source = "test"}, {}, {});
  }

  core::TempDir dir_;
  const fs::path ollama_ = dir_.path() / "ollama", hub_ = dir_.path() / "hub", home_ = dir_.path() / "home";
  ModelStore store_{home_ / "models"};
};

TEST_F(ForeignStores, SharesAModelOfOllamaWithItsRecipe) {
  manifest("registry.ollama.ai/library/tiny/8b", layer("model", tiny_gguf()) + "," + layer("system", "Be brief.") +
                                                     "," + layer("params", R"({"temperature":0.5})"));
  const auto found = ollama("tiny:8b");
  ASSERT_TRUE(found) << found.error().message();
  const auto adopted = adopt(*found);
  ASSERT_TRUE(adopted) << adopted.error().message();
  EXPECT_EQ(adopted->linked, tiny_gguf().size());
  EXPECT_EQ(adopted->copied, 0U);
  EXPECT_EQ(store_.find("mine")->recipe.system, "Be brief.");
  fs::remove_all(ollama_);  // what Ollama forgets stays ours
  EXPECT_FALSE(store_.find("mine")->missing);
  EXPECT_EQ((*verify_models(home_, store_, "mine", {}, {}))[0].state, FileState::kWhole);
}

TEST_F(ForeignStores, ListsWhatOllamaHasAndNamesTheNearest) {
  manifest("registry.ollama.ai/library/llama3.1/8b", layer("model", tiny_gguf()));
  manifest("hf.co/org/repo/Q8_0", layer("model", tiny_gguf()));
  manifest("registry.ollama.ai/library/empty/latest", layer("license", "x"));
  write(ollama_ / "manifests/registry.ollama.ai/library/broken/latest", "{");
  const auto models = list_ollama(ollama_);
  ASSERT_TRUE(models) << models.error().message();
  ASSERT_EQ(models->size(), 2U);
  EXPECT_EQ((*models)[0].name, "hf.co/org/repo:Q8_0");
  EXPECT_EQ((*models)[1].name, "llama3.1:8b");
  const auto none = ollama("llama3.1:8c");
  EXPECT_EQ(none.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(none.error().message().find("did you mean 'llama3.1:8b'?"), std::string::npos) << none.error().message();
  EXPECT_EQ(list_ollama(dir_.path() / "nowhere").error().code(), ErrorCode::kNotFound);
}

TEST_F(ForeignStores, RefusesWhatOllamaNeverWrote) {
  const std::string good = layer("model", tiny_gguf());
  // A blob that is a link out of the store.
  const std::string secret = "GGUF secret";
  write(dir_.path() / "secret", secret);
  fs::create_directories(ollama_ / "blobs");
  fs::create_symlink(dir_.path() / "secret", ollama_ / "blobs" / sha256(secret).file_name());
  manifest("registry.ollama.ai/library/link/latest",
           fmt::format(R"({{"mediaType":"application/vnd.ollama.image.model","digest":"{}","size":{}}})",
                       sha256(secret).text(), secret.size()));
  EXPECT_EQ(ollama("link").error().code(), ErrorCode::kCorrupt);
  // A digest that is a path, a size that is not the file's, a manifest that is a link, a blob with other bytes.
  manifest("registry.ollama.ai/library/path/latest",
           R"({"mediaType":"application/vnd.ollama.image.model","digest":"sha256:../../../etc/passwd","size":1})");
  EXPECT_EQ(ollama("path").error().code(), ErrorCode::kCorrupt);
  manifest("registry.ollama.ai/library/size/latest",
           fmt::format(R"({{"mediaType":"application/vnd.ollama.image.model","digest":"{}","size":1}})",
                       sha256(tiny_gguf()).text()));
  EXPECT_EQ(ollama("size").error().code(), ErrorCode::kCorrupt);
  write(dir_.path() / "outside.json", "{}");
  fs::create_directories(ollama_ / "manifests/registry.ollama.ai/library/out");
  fs::create_symlink(dir_.path() / "outside.json", ollama_ / "manifests/registry.ollama.ai/library/out/latest");
  EXPECT_EQ(ollama("out").error().code(), ErrorCode::kCorrupt);
  manifest("registry.ollama.ai/library/other/latest", good);
  std::string changed = tiny_gguf();
  changed.back() ^= 1;
  write(ollama_ / "blobs" / sha256(tiny_gguf()).file_name(), changed);
  const auto found = ollama("other");
  ASSERT_TRUE(found);
  EXPECT_EQ(adopt(*found).error().code(), ErrorCode::kCorrupt);
  EXPECT_TRUE(store_.list()->empty());
}

TEST_F(ForeignStores, SharesAModelOfTheHubCacheWithItsProjector) {
  cached("tiny-Q8_0.gguf", tiny_gguf());
  cached("mmproj-tiny-f16.gguf", tiny_gguf() + std::string(32, '\0'));
  const auto found = hub("hf.co/org/repo:Q8_0");
  ASSERT_TRUE(found) << found.error().message();
  const auto adopted = adopt(*found);
  ASSERT_TRUE(adopted) << adopted.error().message();
  EXPECT_EQ(adopted->entry.file, fs::canonical(home_) / "blobs" / sha256(tiny_gguf()).file_name());
  EXPECT_FALSE(adopted->entry.projector.empty());
  EXPECT_EQ(adopted->copied, 0U);
}

TEST_F(ForeignStores, KeepsThePartsOfASplitModelUnderTheirNames) {
  cached("m-00001-of-00002.gguf", tiny_gguf());
  cached("m-00002-of-00002.gguf", tiny_gguf() + std::string(32, '\0'));
  const auto found = hub("hf.co/org/repo");
  ASSERT_TRUE(found) << found.error().message();
  const auto adopted = adopt(*found);
  ASSERT_TRUE(adopted) << adopted.error().message();
  EXPECT_EQ(adopted->entry.file.filename(), "m-00001-of-00002.gguf");
  EXPECT_TRUE(fs::exists(adopted->entry.file.parent_path() / "m-00002-of-00002.gguf"));
}

TEST_F(ForeignStores, RefusesLinksOutOfTheHubCache) {
  cached("a-Q8_0.gguf", tiny_gguf());
  const fs::path repo = hub_ / "models--org--repo";
  write(dir_.path() / "secret.gguf", tiny_gguf());
  fs::create_symlink(dir_.path() / "secret.gguf", repo / "snapshots/abc123/b-Q4_0.gguf");
  EXPECT_EQ(hub("hf.co/org/repo:Q4_0").error().code(), ErrorCode::kCorrupt);
  write(repo / "refs" / "main", "../../../outside");
  EXPECT_EQ(hub("hf.co/org/repo:Q8_0").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(hub("hf.co/org/none").error().code(), ErrorCode::kNotFound);
}

TEST_F(ForeignStores, NothingThatWouldNotLoadGetsAName) {
  cached("a-Q8_0.gguf", "no model");
  EXPECT_EQ(adopt(*hub("hf.co/org/repo:Q8_0")).error().code(), ErrorCode::kCorrupt);
  EXPECT_TRUE(store_.list()->empty());
}

TEST(ForeignFolders, FollowTheVariablesOfTheirPrograms) {
  const auto of = [](std::map<std::string, std::string> values) {
    return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
      const auto found = values.find(name);
      return found == values.end() ? std::nullopt : std::optional(found->second);
    };
  };
  EXPECT_EQ(*ollama_folder(of({{"HOME", "/h"}})), "/h/.ollama/models");
  EXPECT_EQ(*ollama_folder(of({{"HOME", "/h"}, {"OLLAMA_MODELS", "/m"}})), "/m");
  EXPECT_EQ(*hub_cache_folder(of({{"HOME", "/h"}})), "/h/.cache/huggingface/hub");
  EXPECT_EQ(*hub_cache_folder(of({{"HF_HOME", "/f"}})), "/f/hub");
  EXPECT_EQ(*hub_cache_folder(of({{"HF_HOME", "/f"}, {"HF_HUB_CACHE", "/c"}})), "/c");
  EXPECT_FALSE(ollama_folder(of({})));
}

}  // namespace
}  // namespace zubr::models
