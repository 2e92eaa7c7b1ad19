// A folder of its own, an empty ZUBR_HOME and the real program for each end-to-end test.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "core/temp_dir.h"
#include "e2e/process.h"

namespace zubr::e2e {

inline std::string read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class ZubrTest : public testing::Test {
 protected:
  void SetUp() override {
    const char* binary = std::getenv("ZUBR_BINARY");
    if (binary == nullptr || !std::filesystem::exists(binary)) GTEST_SKIP() << "ZUBR_BINARY names no program";
    binary_ = std::filesystem::absolute(binary).string();
    std::filesystem::permissions(dir_.path(), std::filesystem::perms::all);
  }

  Command command(std::vector<std::string> arguments) const {
    Command made;
    made.arguments = std::move(arguments);
    made.arguments.insert(made.arguments.begin(), binary_);
    made.folder = dir_.path();
    made.environment = {{"HOME", dir_.path().string()},
                        {"ZUBR_HOME", (dir_.path() / "home").string()},
                        {"ZUBR_MODEL", model_},
                        {"ZUBR_LANG", ""},
                        {"ZUBR_THREADS", ""}};
    return made;
  }
  Finished zubr(std::vector<std::string> arguments, std::string input = {}) const {
    Command made = command(std::move(arguments));
    made.input = std::move(input);
    return run(made);
  }

  std::filesystem::path path(const std::string& name) const { return dir_.path() / name; }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
  }

  // The names in the test's folder, sorted.
  std::string files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path()))
      names.push_back(entry.path().filename().string());
    std::ranges::sort(names);
    std::string all;
    for (const std::string& name : names) all += name + " ";
    return all;
  }

  core::TempDir dir_;
  std::string binary_;
  std::string model_;  // ZUBR_MODEL
};

// With the small real model of the shared test data; skips where that is not.
class ModelTest : public ZubrTest {
 protected:
  void SetUp() override {
    ZubrTest::SetUp();
    if (IsSkipped()) return;
    const char* data = std::getenv("ZUBR_TEST_DATA");
    const std::filesystem::path folder = data != nullptr ? data : "../shared/data";
    const auto file = std::filesystem::absolute(folder / "models" / "tinytalk-3m-q4_0.gguf");
    if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is not here; set ZUBR_TEST_DATA";
    model_ = file.string();
  }
};

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << "it said: " << (text)

}  // namespace zubr::e2e
