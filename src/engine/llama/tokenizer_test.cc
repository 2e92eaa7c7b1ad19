#include "engine/llama/tokenizer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "engine/test_models.h"

namespace zubr::engine {
namespace {

namespace fs = std::filesystem;

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
    if (!fs::exists(test_data() / "llamacpp-vocab")) {
      GTEST_SKIP() << "no test data at " << test_data() << "; set ZUBR_TEST_DATA";
    }
  }
};

TEST_F(TokenizerData, AgreesWithEveryVectorOfEveryVocabulary) {
  int vocabularies = 0;
  std::string absent;
  for (const auto& entry : fs::directory_iterator(test_data() / "llamacpp-vocab")) {
    const auto path = entry.path();
    if (path.extension() != ".inp") continue;
    fs::path gguf = path;
    gguf.replace_extension();
    if (!fs::exists(gguf)) gguf = fs::path("third_party/build/llama.cpp/models") / gguf.filename();
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

TEST_F(TokenizerData, TokenizesTheMiddleOfATextWithoutTheSpaceOfItsStart) {
  // SentencePiece: "▁" is put before a text's first word, and only there.
  auto model = Model::load_vocabulary(test_data() / "llamacpp-vocab/ggml-vocab-llama-spm.gguf");
  ASSERT_TRUE(model);
  const Tokenizer& tokenizer = (*model)->tokenizer();
  ASSERT_TRUE(tokenizer.adds_space());
  const auto whole = tokenizer.tokenize("Hello world, again", {});
  auto parts = tokenizer.tokenize("Hello", {});
  for (const char* piece : {" world", ", again"}) {
    const auto more = tokenizer.tokenize_continuation(piece, false);
    ASSERT_TRUE(more);
    parts->insert(parts->end(), more->begin(), more->end());
  }
  EXPECT_EQ(*parts, *whole);
  EXPECT_EQ(tokenizer.detokenize(*whole), "Hello world, again");
  EXPECT_TRUE(tokenizer.tokenize_continuation("", false)->empty());
}

TEST_F(TokenizerData, StreamsWholeCharacters) {
  auto model = Model::load_vocabulary(test_data() / "llamacpp-vocab/ggml-vocab-gpt-2.gguf");
  ASSERT_TRUE(model);
  const Tokenizer& tokenizer = (*model)->tokenizer();
  const std::string text = "Zażółć 🦙 gęślą";
  DetokenizeStream stream(tokenizer);
  std::string streamed;
  const auto tokens = tokenizer.tokenize(text, {});
  ASSERT_TRUE(tokens);
  for (const Token token : *tokens) {
    const std::string piece = stream.push(token);
    EXPECT_TRUE(is_valid_utf8(piece));
    streamed += piece;
  }
  EXPECT_EQ(streamed + stream.finish(), text);
  DetokenizeStream cut(tokenizer);
  const auto llama = tokenizer.tokenize("🦙", {});
  ASSERT_TRUE(llama);
  (void)cut.push(llama->front());
  EXPECT_EQ(cut.finish(), "\xEF\xBF\xBD");
}

TEST_F(TokenizerData, RefusesTextThatIsNotUtf8) {
  auto model = Model::load_vocabulary(test_data() / "llamacpp-vocab/ggml-vocab-gpt-2.gguf");
  ASSERT_TRUE(model);
  for (const char* broken : {"\xff", "a\xc3", "\xed\xa0\x80", "\xf5\x80\x80\x80"}) {
    EXPECT_EQ((*model)->tokenizer().tokenize(broken, {}).error().code(), ErrorCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace zubr::engine
