#include "engine/llama/model.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <random>

#include "engine/test_models.h"

namespace zubr::engine {
namespace {

namespace fs = std::filesystem;

class ModelFile : public testing::Test {
 protected:
  void SetUp() override {
    ZUBR_NEED_TEST_DATA();
    std::ifstream file(test_model("stories260K-f32.gguf"), std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), {});
    path_ = fs::temp_directory_path() / ("zubr_model_test_" + std::to_string(getpid()) + ".gguf");
  }
  void TearDown() override { fs::remove(path_); }

  void write(const std::string& bytes) { std::ofstream(path_, std::ios::binary) << bytes; }
  Result<std::shared_ptr<const Model>> load() {
    ModelOptions options;
    options.path = path_;
    options.threads = 1;
    return Model::load(options);
  }

  std::string bytes_;
  fs::path path_;
};

TEST_F(ModelFile, LoadsAndSaysWhatItIs) {
  write(bytes_);
  auto model = load();
  ASSERT_TRUE(model) << model.error().message();
  EXPECT_EQ((*model)->architecture(), "llama");
  EXPECT_EQ((*model)->tokenizer().size(), 512);
  EXPECT_TRUE((*model)->can_generate());
  EXPECT_FALSE((*model)->is_recurrent());
  EXPECT_EQ((*model)->name(), path_.stem().string());
}

TEST_F(ModelFile, RefusesWhatIsNotThereADirectoryAndWhatIsNoGguf) {
  EXPECT_EQ(load().error().code(), ErrorCode::kNotFound);
  ModelOptions directory;
  directory.path = fs::temp_directory_path();
  EXPECT_EQ(Model::load(directory).error().code(), ErrorCode::kInvalidArgument);
  write("");
  EXPECT_EQ(load().error().code(), ErrorCode::kCorrupt);
  write("PK\3\4 something else altogether");
  EXPECT_EQ(load().error().code(), ErrorCode::kCorrupt);
}

TEST_F(ModelFile, RefusesEveryTruncation) {
  for (const double part : {0.001, 0.01, 0.1, 0.5, 0.9, 0.999}) {
    write(bytes_.substr(0, static_cast<std::size_t>(static_cast<double>(bytes_.size()) * part)));
    auto model = load();
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().code(), ErrorCode::kCorrupt) << model.error().message();
  }
}

TEST_F(ModelFile, RefusesAnUnknownArchitectureByName) {
  std::string bytes = bytes_;
  for (std::size_t at = bytes.find("llama"); at != std::string::npos && at < 4096; at = bytes.find("llama", at + 1)) {
    bytes.replace(at, 5, "lemma");
  }
  write(bytes);
  auto model = load();
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code(), ErrorCode::kUnsupported) << model.error().message();
  EXPECT_NE(model.error().message().find("lemma"), std::string::npos) << model.error().message();
}

TEST_F(ModelFile, RefusesAContextBeyondLearnedPositions) {
  ModelOptions options;
  options.path = test_model("tinytalk-3m-q4_0.gguf");
  options.context_tokens = 100'000;
  auto model = Model::load(options);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(ModelFile, StopsLoadingWhenAsked) {
  ModelOptions options;
  options.path = test_model("stories260K-f32.gguf");
  options.progress = [](float) { return false; };
  auto model = Model::load(options);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code(), ErrorCode::kCancelled);
}

// Damaged headers end in an error or in a model, never in the end of the process. Each load runs in a child.
TEST_F(ModelFile, SurvivesDamagedHeaders) {
  std::mt19937 random(11);
  const std::size_t header = std::min<std::size_t>(bytes_.size(), 24'000);
  const int rounds = std::getenv("ZUBR_FUZZ_ROUNDS") ? std::atoi(std::getenv("ZUBR_FUZZ_ROUNDS")) : 60;
  int crashed = 0;
  for (int round = 0; round < rounds; ++round) {
    std::string bytes = bytes_;
    std::string what;
    for (int i = 1 + static_cast<int>(random() % 3); i > 0; --i) {
      const std::size_t at = random() % (round % 2 == 0 ? std::min<std::size_t>(header, 2000) : header);
      const char values[] = {0, 1, 0x7f, -1, static_cast<char>(random())};
      bytes[at] = values[random() % 5];
      what += std::to_string(at) + "=" + std::to_string(static_cast<int>(bytes[at])) + " ";
    }
    write(bytes);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      if (!std::freopen("/dev/null", "w", stderr)) _exit(1);
      alarm(20);
      auto model = load();
      if (model) (void)(*model)->tokenizer().tokenize("Hello there\nyou", {.add_special = true});
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      ++crashed;
      ADD_FAILURE() << "round " << round << " ended the process: " << what;
    }
  }
  EXPECT_EQ(crashed, 0);
}

}  // namespace
}  // namespace zubr::engine
