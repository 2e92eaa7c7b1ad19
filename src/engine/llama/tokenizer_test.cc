#include "engine/llama/tokenizer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "engine/llama/model.h"

namespace zubr::engine {
namespace {

namespace fs = std::filesystem;

fs::path data_root() {
  const char* override_path = std::getenv("ZUBR_TEST_DATA");
  return override_path ? fs::path(override_path) : fs::path("../shared/data");
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> split(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const auto end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos) return parts;
    begin = end + separator.size();
  }
}

class TokenizerData : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(data_root() / "llamacpp-vocab")) {
      GTEST_SKIP() << "no test data at " << data_root() << "; set ZUBR_TEST_DATA";
    }
  }
};

TEST_F(TokenizerData, AgreesWithEveryVectorOfEveryVocabulary) {
  int vocabularies = 0;
  std::string absent;
  for (const auto& entry : fs::directory_iterator(data_root() / "llamacpp-vocab")) {
    const auto path = entry.path();
    if (path.extension() != ".inp") continue;
    fs::path gguf = path;
    gguf.replace_extension();
    if (!fs::exists(gguf)) {
      absent += gguf.filename().string() + " ";
      continue;
    }
    SCOPED_TRACE(gguf.filename().string());
    auto model = Model::load_vocabulary(gguf);
    ASSERT_TRUE(model) << "VOCABULARY REFUSED: " << model.error().message();
    const auto inputs = split(read_file(path), "\n__ggml_vocab_test__\n");
    auto out = path;
    const auto outputs = split(read_file(out.replace_extension(".out")), "\n");
    ASSERT_GE(outputs.size(), 46u);
    ++vocabularies;
    for (std::size_t i = 0; i < 46; ++i) {
      Tokens expected;
      std::istringstream line(outputs[i]);
      for (Token token; line >> token;) expected.push_back(token);
      auto tokens = (*model)->tokenizer().tokenize(inputs[i], {});
      ASSERT_TRUE(tokens) << tokens.error().message();
      EXPECT_EQ(*tokens, expected) << "case " << i << ": \"" << inputs[i] << '"';
    }
  }
  if (!absent.empty()) std::cout << "vectors without their vocabulary file here: " << absent << '\n';
  EXPECT_GE(vocabularies, 10);
}

}  // namespace
}  // namespace zubr::engine
