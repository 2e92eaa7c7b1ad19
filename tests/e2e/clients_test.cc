// The official clients from npm, unmodified, against the real program; and our answers against llama-server's. The
// tests themselves are in tests/clients/*.test.mjs.
#include <iostream>

#include "e2e/zubr_test.h"

namespace zubr::e2e {
namespace {

constexpr std::chrono::seconds kPatience{600};  // the first installation fetches 50 packages

bool is_here(const std::string& program) {
  return run({.arguments = {"/bin/sh", "-c", program + " --version"}}).status == 0;
}

class ClientsTest : public ModelTest {
 protected:
  void SetUp() override {
    ModelTest::SetUp();
    if (IsSkipped()) return;
    if (!is_here("npm") || !is_here("node")) {
      std::cerr << "SKIPPED: npm and node are not here, so no official client is tested; install the package npm\n";
      GTEST_SKIP() << "npm and node are not here";
    }
    for (const auto& file : std::filesystem::directory_iterator("tests/clients")) {
      if (file.is_regular_file()) std::filesystem::copy_file(file, path(file.path().filename().string()));
    }
  }

  // Once for all tests.
  void install() const {
    static const core::TempDir shared;
    static const std::string failed = [] {
      for (const char* name : {"package.json", "package-lock.json"})
        std::filesystem::copy_file(std::filesystem::path("tests/clients") / name, shared.path() / name);
      const Finished done = Process({.arguments = {"/bin/sh", "-c", "npm ci --ignore-scripts --no-audit --no-fund"},
                                     .folder = shared.path()})
                                .finish(kPatience);
      return done.status == 0 ? std::string() : done.out + done.err;
    }();
    ASSERT_EQ(failed, "");
    std::filesystem::create_directory_symlink(shared.path() / "node_modules", path("node_modules"));
  }

  void run_file(const std::string& file) const {
    const Finished done = Process({.arguments = {"/bin/sh", "-c", "node --test " + file},
                                   .environment = {{"ZUBR_BINARY", binary_},
                                                   {"ZUBR_TEST_MODEL", model_},
                                                   {"ZUBR_HOME", (dir_.path() / "home").string()},
                                                   {"ZUBR_LANG", ""},
                                                   {"LLAMA_SERVER", llama_server().string()}},
                                   .folder = dir_.path()})
                              .finish(kPatience);
    EXPECT_EQ(done.status, 0) << done.out << done.err;
  }

  static std::filesystem::path llama_server() {
    return std::filesystem::absolute("third_party/build/llama/bin/llama-server");
  }
};

TEST_F(ClientsTest, OpenAiWorks) {
  install();
  run_file("openai.test.mjs");
}

TEST_F(ClientsTest, OllamaWorks) {
  install();
  run_file("ollama.test.mjs");
}

TEST_F(ClientsTest, AnthropicWorks) {
  install();
  run_file("anthropic.test.mjs");
}

TEST_F(ClientsTest, OpenAiResponsesAndFilesWork) {
  install();
  run_file("openai_responses.test.mjs");
}

TEST_F(ClientsTest, AiSdkWorks) {
  install();
  run_file("ai.test.mjs");
}

TEST_F(ClientsTest, LangChainWorks) {
  install();
  run_file("langchain.test.mjs");
}

TEST_F(ClientsTest, EachClientShowsItsKey) {
  install();
  run_file("keys.test.mjs");
}

TEST_F(ClientsTest, AnswersAreThoseOfLlamaServer) {
  if (!std::filesystem::exists(llama_server()))
    GTEST_SKIP() << llama_server() << " is not here; run: tools/setup.sh bench";
  run_file("llama_server.test.mjs");
}

}  // namespace
}  // namespace zubr::e2e
