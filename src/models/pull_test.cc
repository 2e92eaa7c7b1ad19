#include "models/pull.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "core/temp_dir.h"
#include "core/text_file.h"
#include "models/tiny_gguf.h"
#include "net/testing/fault_server.h"

namespace zubr::models {
namespace {

namespace fs = std::filesystem;
using net::testing::FaultServer;
using net::testing::Received;
using net::testing::Reply;
using net::testing::serve_file;

// Registry, hub and web in one: what is in `files` is served under its path.
class PullTest : public ::testing::Test {
 protected:
  PullTest() : server_([this](const Received& got) { return answer(got); }) {
    PullOptions options;
    options.ollama_registry = server_.base();
    options.hf_endpoint = server_.base();
    options.download.plan = {.parallel = 3, .min_part_bytes = 64 << 10, .max_part_bytes = 1 << 20};
    options.download.wait = [](std::chrono::nanoseconds, const std::stop_token&) {};
    options_ = options;
  }

  Reply answer(const Received& got) const {
    const auto found = files_.find(got.path());
    if (found == files_.end()) return {.status = 404};
    if (got.path() == broken_ && got.method == "GET") return {.status = 503};
    Reply reply = serve_file(got, found->second);
    if (got.path().find("/resolve/") != std::string::npos)
      reply.headers.add("X-Linked-Etag", fmt::format("\"{}\"", sha256(found->second).hex()));
    return reply;
  }

  void add_blob(const std::string& bytes) { files_["/v2/library/tiny/blobs/" + sha256(bytes).text()] = bytes; }
  std::string layer(std::string_view type, const std::string& bytes) {
    add_blob(bytes);
    return fmt::format(R"({{"mediaType":"application/vnd.ollama.image.{}","digest":"{}","size":{}}})", type,
                       sha256(bytes).text(), bytes.size());
  }
  void add_manifest(const std::string& layers) {
    files_["/v2/library/tiny/manifests/1b"] =
        fmt::format(R"({{"schemaVersion":2,"config":{{"mediaType":"x","digest":"{}","size":2}},"layers":[{}]}})",
                    sha256("{}").text(), layers);
  }
  void add_repository(const std::map<std::string, std::string>& content) {
    std::string tree;
    for (const auto& [path, bytes] : content) {
      tree += fmt::format(R"({}{{"type":"file","size":{},"path":"{}"}})", tree.empty() ? "" : ",", bytes.size(), path);
      files_["/user/repo/resolve/main/" + path] = bytes;
    }
    files_["/api/models/user/repo/tree/main"] = "[" + tree + "]";
  }

  Result<PullReport> pull(const std::string& text, const PullWishes& wishes = {}) {
    ZUBR_TRY(ref, parse_model_ref(text));
    return Puller(client_, home_.path(), options_).pull(ref, wishes, {}, {});
  }
  std::vector<std::string> listed() const {
    std::vector<std::string> names;
    const auto entries = ModelStore(home_.path() / "models").list();
    for (const ModelEntry& entry : *entries) names.push_back(entry.name);
    return names;
  }
  std::size_t blobs() const { return BlobStore::open(home_.path() / "blobs")->list()->size(); }

  core::TempDir home_;
  std::map<std::string, std::string> files_;
  std::string broken_;  // a path whose GET fails
  FaultServer server_;
  net::HttpClient client_{{.proxy = "none"}};
  PullOptions options_;
  const std::string model_ = tiny_gguf();
};

TEST_F(PullTest, GivesAModelOfTheRegistryItsName) {
  add_manifest(layer("model", model_) + "," + layer("license", "MIT") + "," + layer("template", "") + "," +
               layer("system", "be brief"));
  const auto report = pull("tiny:1b");
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->name, "tiny:1b");
  EXPECT_EQ(listed(), std::vector<std::string>{"tiny:1b"});
  EXPECT_EQ(*core::read_text_file(report->model, 1 << 20), model_);
  EXPECT_EQ(report->items.size(), 4U);
  EXPECT_EQ(report->fetched, model_.size() + 3 + 8);
  EXPECT_TRUE(report->notes.empty());
  const auto entry = ModelStore(home_.path() / "models").find("tiny:1b");
  ASSERT_TRUE(entry) << entry.error().message();
  EXPECT_EQ(entry->recipe.system, "be brief");
  EXPECT_EQ(entry->recipe.licenses, std::vector<std::string>{"MIT"});
}

TEST_F(PullTest, AModelThatTheEngineRefusesGetsNoName) {
  add_manifest(layer("model", model_));
  options_.check = [](const fs::path&) -> Result<void> { return fail(ErrorCode::kUnsupported, "no such shape"); };
  EXPECT_EQ(pull("tiny:1b").error().code(), ErrorCode::kUnsupported);
  EXPECT_TRUE(listed().empty());
}

TEST_F(PullTest, LeavesOutParametersThatItDoesNotKnowAndSaysSo) {
  add_manifest(layer("model", model_) + "," + layer("params", R"({"temperature":0.5,"warp":9})") + "," +
               layer("messages", R"([{"role":"user","content":"hi"}])"));
  const auto report = pull("tiny:1b");
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->notes.size(), 1U);
  const auto recipe = ModelStore(home_.path() / "models").find("tiny:1b")->recipe;
  EXPECT_EQ(recipe.parameters, (decltype(recipe.parameters){{"temperature", "0.5"}}));
  EXPECT_EQ(recipe.messages.size(), 1U);
}

TEST_F(PullTest, PartsOfASplitModelNeedTheNamesOfParts) {
  const auto part = [this](const std::string& title, char last) {
    const std::string bytes = model_ + std::string(32, last);
    add_blob(bytes);
    return fmt::format(R"({{"mediaType":"application/vnd.ollama.image.model","digest":"{}","size":{},)"
                       R"("annotations":{{"org.opencontainers.image.title":"{}"}}}})",
                       sha256(bytes).text(), bytes.size(), title);
  };
  for (const auto& [first, second] : std::initializer_list<std::pair<std::string, std::string>>{
           {"", ""},
           {"a.gguf", "b.gguf"},
           {"m-00001-of-00002.gguf", "n-00002-of-00002.gguf"},
           {"m-00002-of-00002.gguf", "m-00001-of-00002.gguf"},
           {"m-00001-of-00003.gguf", "m-00002-of-00003.gguf"},
           {"../m-00001-of-00002.gguf", "../m-00002-of-00002.gguf"},
           {"/m-00001-of-00002.gguf", "/m-00002-of-00002.gguf"}}) {
    add_manifest(part(first, 'a') + "," + part(second, 'b'));
    EXPECT_EQ(pull("tiny:1b").error().code(), ErrorCode::kUnsupported) << first;
  }
  add_manifest(part("m-00001-of-00002.gguf", 'a') + "," + part("m-00002-of-00002.gguf", 'b'));
  const auto report = pull("tiny:1b");
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->model.filename(), "m-00001-of-00002.gguf");
}

TEST_F(PullTest, FetchesNothingTheSecondTime) {
  add_manifest(layer("model", model_));
  ASSERT_TRUE(pull("tiny:1b"));
  const auto again = pull("tiny:1b");
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->fetched, 0U);
  EXPECT_TRUE(again->items[0].here);
}

TEST_F(PullTest, SaysWhatItWouldDoAndDoesNothing) {
  add_manifest(layer("model", model_));
  const auto report = pull("tiny:1b", {.dry_run = true});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->items[0].size, model_.size());
  EXPECT_FALSE(report->items[0].here);
  EXPECT_EQ(blobs(), 0U);
  EXPECT_TRUE(listed().empty());
}

TEST_F(PullTest, ListsNothingThatIsNoModel) {
  const std::string page = "<html>please log in</html>";
  add_manifest(layer("model", page));
  const auto report = pull("tiny:1b");
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(blobs(), 0U);
  EXPECT_TRUE(listed().empty());
}

TEST_F(PullTest, RemovesABlobThatIsNotWhatItsNameSays) {
  add_manifest(layer("model", model_));
  files_["/v2/library/tiny/blobs/" + sha256(model_).text()][100] ^= 1;
  EXPECT_EQ(pull("tiny:1b").error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(blobs(), 0U);
  EXPECT_TRUE(listed().empty());
}

TEST_F(PullTest, RefusesATruncatedManifestAndOneThatPointsOutside) {
  add_manifest(layer("model", model_));
  std::string& manifest = files_["/v2/library/tiny/manifests/1b"];
  const std::string whole = manifest;
  manifest = whole.substr(0, whole.size() / 2);
  EXPECT_EQ(pull("tiny:1b").error().code(), ErrorCode::kCorrupt);
  manifest = whole;
  manifest.replace(manifest.find(sha256(model_).text()), 71, "sha256:../../../../../../tmp/evil");
  EXPECT_EQ(pull("tiny:1b").error().code(), ErrorCode::kCorrupt);
  EXPECT_TRUE(listed().empty());
}

TEST_F(PullTest, ChoosesTheQuantizationOfARepositoryAndSaysIt) {
  add_repository({{"m-Q8_0.gguf", model_ + "8"}, {"m-Q4_K_M.gguf", model_}, {"README.md", "x"}});
  const auto report = pull("hf.co/user/repo");
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->name, "repo:q4_k_m");
  EXPECT_EQ(report->source, "hf.co/user/repo:Q4_K_M");
  EXPECT_EQ(report->items[0].digest, sha256(model_));
}

TEST_F(PullTest, LaysOutThePartsOfASplitModelAsTheyAreLookedFor) {
  add_repository(
      {{"m-Q8_0-00001-of-00002.gguf", model_}, {"m-Q8_0-00002-of-00002.gguf", model_ + std::string(32, '\0')}});
  const auto report = pull("hf.co/user/repo:Q8_0");
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->model.filename(), "m-Q8_0-00001-of-00002.gguf");
  EXPECT_TRUE(fs::exists(report->model.parent_path() / "m-Q8_0-00002-of-00002.gguf"));
  EXPECT_EQ(ModelStore(home_.path() / "models").find("repo:q8_0")->file.filename(), report->model.filename());
}

TEST_F(PullTest, AMirrorHelpsOutAndGetsNoToken) {
  add_repository({{"m-Q8_0.gguf", model_}});
  std::string seen = "nothing";
  FaultServer mirror([&](const Received& got) {
    seen = std::string(got.headers.get("authorization"));
    return got.path() == "/user/repo/resolve/main/m-Q8_0.gguf" ? serve_file(got, model_) : Reply{.status = 404};
  });
  options_.hf_token = "secret";
  options_.hf_mirrors = {mirror.base() + "/"};
  broken_ = "/user/repo/resolve/main/m-Q8_0.gguf";
  const auto report = pull("hf.co/user/repo");
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(seen, "");
}

TEST_F(PullTest, BringsTheProjectorAlong) {
  add_repository({{"v-Q4_K_M.gguf", model_}, {"mmproj-f16.gguf", model_ + std::string(32, '\0')}});
  const auto report = pull("hf.co/user/repo");
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_TRUE(fs::exists(report->projector));
}

TEST_F(PullTest, TakesAPlainAddressAndAFile) {
  files_["/dir/Plain.gguf"] = model_;
  const auto report = pull(server_.url("/dir/Plain.gguf?sig=1"));
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->name, "plain");
  const fs::path file = home_.path() / "here.gguf";
  std::ofstream(file, std::ios::binary) << model_;
  const auto local = pull("file:" + file.string(), {.name = "mine"});
  ASSERT_TRUE(local) << local.error().message();
  EXPECT_EQ(fs::canonical(local->model), fs::canonical(file));
  EXPECT_EQ(listed(), (std::vector<std::string>{"mine", "plain"}));
  EXPECT_EQ(pull("file:/nowhere.gguf").error().code(), ErrorCode::kNotFound);
}

TEST_F(PullTest, TakesNoNameFromAnotherModelUnlessTold) {
  add_manifest(layer("model", model_));
  files_["/other.gguf"] = model_;
  ASSERT_TRUE(pull("tiny:1b", {.name = "mine"}));
  EXPECT_EQ(pull(server_.url("/other.gguf"), {.name = "mine"}).error().code(), ErrorCode::kAlreadyExists);
  EXPECT_TRUE(pull(server_.url("/other.gguf"), {.name = "mine", .replace = true}));
  EXPECT_EQ(pull("tiny:1b", {.name = "No Good"}).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(PullTest, CollectsTheBlobsOfModelsThatAreForgotten) {
  add_manifest(layer("model", model_) + "," + layer("license", "MIT"));
  add_repository({{"m-Q4_K_M.gguf", model_}});  // the same weights
  ASSERT_TRUE(pull("tiny:1b"));
  ASSERT_TRUE(pull("hf.co/user/repo"));
  EXPECT_EQ(blobs(), 2U);
  ASSERT_TRUE(ModelStore(home_.path() / "models").remove("tiny:1b"));
  ASSERT_TRUE(collect_garbage(home_.path(), false, {}));
  EXPECT_EQ(blobs(), 1U);  // the weights are still needed, the license is not
  ASSERT_TRUE(ModelStore(home_.path() / "models").remove("repo:q4_k_m"));
  EXPECT_EQ(collect_garbage(home_.path(), true, {})->blobs.size(), 1U);
  ASSERT_TRUE(collect_garbage(home_.path(), false, {}));
  EXPECT_EQ(blobs(), 0U);
}

TEST_F(PullTest, BringsTheRealModels) {
  const char* data = std::getenv("ZUBR_TEST_DATA");
  const fs::path folder = fs::path(data != nullptr ? data : "../shared/data") / "models";
  if (!fs::exists(folder / "tinytalk-3m-q4_0.gguf")) GTEST_SKIP() << "no real models in " << folder;
  for (const char* name : {"tinytalk-3m-q4_0.gguf", "stories260K-f32.gguf", "aidreams260K-f32.gguf"}) {
    files_[std::string("/") + name] = *core::read_text_file(folder / name, 64 << 20);
    const auto report = pull(server_.url(std::string("/") + name));
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_EQ(*core::read_text_file(report->model, 64 << 20), files_[std::string("/") + name]);
  }
  EXPECT_EQ(listed().size(), 3U);
}

}  // namespace
}  // namespace zubr::models
