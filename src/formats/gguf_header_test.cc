#include "formats/gguf_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <limits>
#include <random>

#include "core/temp_dir.h"

namespace zubr::formats {
namespace {

using ::testing::HasSubstr;

// Writes GGUF headers, sound and otherwise.
class Builder {
 public:
  template <typename T>
  Builder& number(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Builder& text(std::string_view text) {
    number<std::uint64_t>(text.size());
    bytes_.append(text);
    return *this;
  }
  Builder& start(std::uint32_t version, std::uint64_t tensors, std::uint64_t values) {
    bytes_ = "GGUF";
    return number(version).number(tensors).number(values);
  }
  Builder& entry(std::string_view key, std::string_view value) { return text(key).number<std::int32_t>(8).text(value); }
  Builder& entry(std::string_view key, std::uint32_t value) { return text(key).number<std::int32_t>(4).number(value); }
  Builder& tensor(std::string_view name, std::vector<std::int64_t> dims, std::int32_t type, std::uint64_t offset) {
    text(name).number(static_cast<std::uint32_t>(dims.size()));
    for (const std::int64_t dim : dims) number(dim);
    return number(type).number(offset);
  }
  Builder& data(std::size_t size) {
    bytes_.resize((bytes_.size() + 31) / 32 * 32 + size, '\0');
    return *this;
  }
  std::string bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

class GgufHeaderTest : public ::testing::Test {
 protected:
  Result<GgufHeader> read(std::string_view bytes) {
    const auto path = folder_.path() / "model.gguf";
    std::ofstream(path, std::ios::binary) << bytes;
    return read_gguf_header(path);
  }
  void refuses(const Builder& builder, ErrorCode code, std::string_view words) {
    const auto header = read(builder.bytes());
    ASSERT_FALSE(header.has_value()) << "accepted: " << words;
    EXPECT_EQ(header.error().code(), code) << header.error().message();
    EXPECT_THAT(header.error().message(), HasSubstr(std::string(words)));
  }
  core::TempDir folder_;
};

std::filesystem::path test_data() {
  const char* set = std::getenv("ZUBR_TEST_DATA");
  return set != nullptr ? set : "../shared/data";
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_F(GgufHeaderTest, ReadsWhatAModelSaysOfItself) {
  const auto header = read(Builder()
                               .start(3, 2, 4)
                               .entry("general.architecture", "llama")
                               .entry("general.name", "Żubr")
                               .entry("llama.context_length", 4096u)
                               .entry("general.file_type", 15u)
                               .tensor("a.weight", {32, 3}, 0, 0)
                               .tensor("b.weight", {64}, 8, 384)
                               .data(384 + 68)
                               .bytes());
  ASSERT_TRUE(header) << header.error().message();
  EXPECT_EQ(header->architecture(), "llama");
  EXPECT_EQ(header->name(), "Żubr");
  EXPECT_EQ(header->context_length(), 4096);
  EXPECT_EQ(header->file_type(), "Q4_K_M");
  EXPECT_EQ(header->parameter_count(), 32 * 3 + 64);
  EXPECT_FALSE(header->chat_template());
  EXPECT_EQ(header->tensors[1].type_name, "q8_0");
  EXPECT_EQ(header->tensors[1].bytes, 68u);
  EXPECT_EQ(header->tensors[1].offset, header->data_offset + 384);
}

TEST_F(GgufHeaderTest, RefusesWhatIsNoGguf) {
  refuses(Builder(), ErrorCode::kCorrupt, "0 bytes");
  refuses(Builder().text("hello, this is a text"), ErrorCode::kCorrupt, "not a GGUF file: it begins with the bytes 15");
  refuses(Builder().start(1, 0, 0), ErrorCode::kUnsupported, "version 1");
  refuses(Builder().start(4, 0, 0), ErrorCode::kUnsupported, "version 4");
  refuses(Builder().start(0, 0, 0), ErrorCode::kCorrupt, "version 0");
  refuses(Builder().start(0x03000000, 0, 0), ErrorCode::kUnsupported, "big-endian");
  EXPECT_EQ(read_gguf_header(folder_.path() / "none").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(read_gguf_header(folder_.path()).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(GgufHeaderTest, RefusesCountsAndLengthsThatCannotBe) {
  constexpr auto kHuge = std::numeric_limits<std::uint64_t>::max();
  refuses(Builder().start(3, kHuge, 0), ErrorCode::kCorrupt, "18446744073709551615 tensors");
  refuses(Builder().start(3, 0, kHuge), ErrorCode::kCorrupt, "18446744073709551615 values");
  refuses(Builder().start(3, 0, 1).number(kHuge).data(64), ErrorCode::kCorrupt, "the key of value 0 of 184467");
  refuses(Builder().start(3, 0, 1).text("k").number<std::int32_t>(8).number(kHuge).data(64), ErrorCode::kCorrupt,
          "the text of 'k' of 18446744073709551615 bytes");
  for (const std::int32_t element : {0, 4, 8, 12}) {
    refuses(Builder().start(3, 0, 1).text("k").number<std::int32_t>(9).number(element).number(kHuge).data(64),
            ErrorCode::kCorrupt, "'k' states 18446744073709551615");
  }
  refuses(Builder().start(3, 0, 1).text("k").number<std::int32_t>(9).number<std::int32_t>(8).number(1ull).number(kHuge),
          ErrorCode::kCorrupt, "string 0 of 'k'");
}

TEST_F(GgufHeaderTest, RefusesValuesOfTypesThatDoNotExist) {
  refuses(Builder().start(3, 0, 1).text("k").number<std::int32_t>(13).data(64), ErrorCode::kCorrupt, "value type 13");
  refuses(Builder().start(3, 0, 1).text("k").number<std::int32_t>(-1).data(64), ErrorCode::kCorrupt, "value type -1");
  refuses(Builder().start(3, 0, 1).text("k").number<std::int32_t>(7).number<std::uint8_t>(2), ErrorCode::kCorrupt,
          "'k' is 2 where true or false");
  refuses(Builder().start(3, 0, 1).text("k").number<std::int32_t>(9).number<std::int32_t>(9).number(1ull),
          ErrorCode::kUnsupported, "array of arrays");
  refuses(Builder().start(3, 0, 1).text("k").number<std::int32_t>(9).number<std::int32_t>(77).number(1ull),
          ErrorCode::kCorrupt, "array of type 77");
}

TEST_F(GgufHeaderTest, RefusesTensorsThatCannotBe) {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  const auto with = [](std::vector<std::int64_t> dims, std::int32_t type, std::uint64_t offset) {
    return Builder().start(3, 1, 0).tensor("t", std::move(dims), type, offset).data(128);
  };
  refuses(with({1, 1, 1, 1, 1}, 0, 0), ErrorCode::kCorrupt, "5 dimensions");
  refuses(with({-1}, 0, 0), ErrorCode::kCorrupt, "dimension 0 of tensor 't' is -1");
  refuses(with({4, 0}, 0, 0), ErrorCode::kCorrupt, "dimension 1 of tensor 't' is 0");
  refuses(with({kMax, 2}, 0, 0), ErrorCode::kCorrupt, "more than 2^63 elements");
  refuses(with({kMax}, 28, 0), ErrorCode::kCorrupt, "more than 2^64 bytes");
  refuses(with({33}, 8, 0), ErrorCode::kCorrupt, "33 elements, and q8_0 comes in blocks of 32");
  refuses(with({32}, 4, 0), ErrorCode::kUnsupported, "type 4");
  refuses(with({32}, 0, 5), ErrorCode::kCorrupt, "no multiple of the alignment 32");
  refuses(with({33}, 0, 0), ErrorCode::kCorrupt, "is truncated: the data of tensor 't' (132 bytes");
  refuses(with({32}, 0, 0xFFFFFFFFFFFFFFE0ull), ErrorCode::kCorrupt, "is truncated: the data of tensor 't'");
  refuses(Builder().start(3, 2, 0).tensor("a", {8}, 0, 0).tensor("b", {8}, 0, 0).data(64), ErrorCode::kCorrupt,
          "the tensors 'a' and 'b' overlap");
  refuses(Builder().start(3, 1, 0).tensor(std::string(64, 'n'), {8}, 0, 0).data(64), ErrorCode::kCorrupt,
          "name of 64 bytes, and 63 are the most");
}

TEST_F(GgufHeaderTest, RefusesNamesThatComeTwiceAndOddAlignments) {
  refuses(Builder().start(3, 0, 2).entry("k", 1u).entry("k", 2u), ErrorCode::kCorrupt, "the key 'k' comes twice");
  refuses(Builder().start(3, 2, 0).tensor("t", {8}, 0, 0).tensor("t", {8}, 0, 32).data(64), ErrorCode::kCorrupt,
          "the tensor 't' comes twice");
  for (const std::uint32_t alignment : {0u, 3u, 1u << 31}) {
    refuses(Builder().start(3, 0, 1).entry("general.alignment", alignment), ErrorCode::kCorrupt,
            fmt::format("general.alignment is {}", alignment));
  }
  refuses(Builder().start(3, 0, 1).entry("general.alignment", "32"), ErrorCode::kCorrupt, "not a number");
}

TEST_F(GgufHeaderTest, ReadsTheRealModels) {
  const auto models = test_data() / "models";
  if (!std::filesystem::exists(models)) GTEST_SKIP() << "no test data in " << models << " (set ZUBR_TEST_DATA)";
  const auto stories = read_gguf_header(models / "stories260K-f32.gguf");
  ASSERT_TRUE(stories) << stories.error().message();
  EXPECT_EQ(stories->architecture(), "llama");
  EXPECT_EQ(stories->tensors.size(), 48u);
  EXPECT_EQ(stories->vocabulary_size(), 512u);
  EXPECT_GT(stories->parameter_count(), 250'000);
  const auto tiny = read_gguf_header(models / "tinytalk-3m-q4_0.gguf");
  ASSERT_TRUE(tiny) << tiny.error().message();
  EXPECT_EQ(tiny->architecture(), "gpt2");
  EXPECT_EQ(tiny->vocabulary_size(), 14019u);
  EXPECT_THAT(std::string(tiny->name()), HasSubstr("TinyTalk"));
}

TEST_F(GgufHeaderTest, ReadsEveryVocabulary) {
  const auto folder = test_data() / "llamacpp-vocab";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no test data in " << folder << " (set ZUBR_TEST_DATA)";
  int seen = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".gguf") continue;
    const auto header = read_gguf_header(entry.path());
    ASSERT_TRUE(header) << header.error().message();
    EXPECT_GT(header->vocabulary_size(), 1000u) << entry.path();
    EXPECT_TRUE(header->tensors.empty());
    ++seen;
  }
  EXPECT_GT(seen, 5);
}

TEST_F(GgufHeaderTest, RefusesAModelThatIsCutAnywhere) {
  const auto model = test_data() / "models" / "stories260K-f32.gguf";
  if (!std::filesystem::exists(model)) GTEST_SKIP() << "no test data: " << model << " (set ZUBR_TEST_DATA)";
  const std::string whole = content_of(model);
  const auto path = folder_.path() / "model.gguf";
  std::ofstream(path, std::ios::binary) << whole;
  const std::uint64_t header_bytes = read_gguf_header(path)->data_offset;
  std::uint64_t cut = whole.size() - 1;
  while (true) {
    std::filesystem::resize_file(path, cut);
    const auto header = read_gguf_header(path);
    ASSERT_FALSE(header.has_value()) << "cut to " << cut;
    ASSERT_EQ(header.error().code(), ErrorCode::kCorrupt) << header.error().message();
    if (cut == 0) break;
    cut -= cut > header_bytes ? std::min<std::uint64_t>(50'000, cut - header_bytes) : 1;
  }
}

TEST_F(GgufHeaderTest, SurvivesFlippedBytes) {
  const auto model = test_data() / "models" / "stories260K-f32.gguf";
  if (!std::filesystem::exists(model)) GTEST_SKIP() << "no test data: " << model << " (set ZUBR_TEST_DATA)";
  std::string bytes = content_of(model);
  const auto path = folder_.path() / "model.gguf";
  std::ofstream(path, std::ios::binary) << bytes;
  const std::uint64_t header_bytes = read_gguf_header(path)->data_offset;
  std::mt19937 random(20261123);
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    std::vector<std::size_t> touched;
    for (int flips = 1 + static_cast<int>(random() % 4); flips > 0; --flips) {
      const std::size_t at = random() % header_bytes;
      touched.push_back(at);
      file.seekp(static_cast<std::streamoff>(at));
      file.put(static_cast<char>(random()));
    }
    file.flush();
    const auto header = read_gguf_header(path);
    if (!header) {
      ++refused;
      ASSERT_NE(header.error().code(), ErrorCode::kInternal);
      ASSERT_FALSE(header.error().message().empty());
    } else {
      for (const GgufTensorInfo& tensor : header->tensors) ASSERT_LE(tensor.offset + tensor.bytes, bytes.size());
    }
    for (const std::size_t at : touched) {
      file.seekp(static_cast<std::streamoff>(at));
      file.put(bytes[at]);
    }
  }
  EXPECT_GT(refused, 500);
}

}  // namespace
}  // namespace zubr::formats
