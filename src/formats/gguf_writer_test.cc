#include "formats/gguf_writer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "core/temp_dir.h"
#include "formats/gguf_header.h"
#include "formats/gguf_reader.h"

namespace zubr::formats {
namespace {

GgufWriter sample() {
  GgufWriter file;
  file.add("general.architecture", "llama");
  file.add("llama.block_count", std::uint32_t{7});
  file.add("llama.rope.freq_base", 1234.5F);
  file.add("tokenizer.ggml.add_bos_token", true);
  const std::vector<std::string> words = {"a", "", "żółw"};
  file.add("tokenizer.ggml.tokens", std::span<const std::string>(words));
  const std::vector<float> scores = {0.5F, -1.0F};
  file.add("tokenizer.ggml.scores", std::span<const float>(scores));
  const std::vector<std::int32_t> types = {1, 3, -2};
  file.add("tokenizer.ggml.token_type", std::span<const std::int32_t>(types));
  const std::vector<std::uint64_t> three = {3}, matrix = {32, 2};
  EXPECT_TRUE(file.add_tensor("norm", three, GgufType::kF32, std::string(12, '\1')));
  EXPECT_TRUE(file.add_tensor("weight", matrix, GgufType::kQ8_0, std::string(68, '\2')));
  return file;
}

TEST(GgufWriter, WritesWhatTheCheckedHeaderReaderAccepts) {
  const core::TempDir folder;
  const auto file = folder.path() / "x.gguf";
  ASSERT_TRUE(sample().write(file));
  const auto header = read_gguf_header(file);
  ASSERT_TRUE(header) << header.error().message();
  EXPECT_EQ(header->architecture(), "llama");
  EXPECT_EQ(header->integer("llama.block_count"), 7);
  EXPECT_EQ(header->vocabulary_size(), 3u);
  ASSERT_EQ(header->tensors.size(), 2u);
  EXPECT_EQ(header->tensors[1].type_name, "q8_0");
  EXPECT_EQ(header->tensors[1].bytes, 68u);
  EXPECT_EQ(header->tensors[1].offset % 32, 0u);
}

TEST(GgufReader, ReadsBackFactsAndTensors) {
  const core::TempDir folder;
  const auto file = folder.path() / "x.gguf";
  ASSERT_TRUE(sample().write(file));
  const auto reader = GgufReader::open(file);
  ASSERT_TRUE(reader) << reader.error().message();
  EXPECT_EQ(*reader->find<std::string>("general.architecture"), "llama");
  EXPECT_EQ(*reader->find<double>("llama.rope.freq_base"), 1234.5);
  EXPECT_EQ(*reader->find<bool>("tokenizer.ggml.add_bos_token"), true);
  EXPECT_EQ(*reader->find<std::vector<std::string>>("tokenizer.ggml.tokens"),
            (std::vector<std::string>{"a", "", "żółw"}));
  EXPECT_EQ(*reader->find<std::vector<std::int64_t>>("tokenizer.ggml.token_type"),
            (std::vector<std::int64_t>{1, 3, -2}));
  EXPECT_EQ(reader->find<bool>("general.architecture"), nullptr);  // of another type
  EXPECT_EQ(reader->read_tensor("norm", 12).value(), std::string(12, '\1'));
  EXPECT_EQ(reader->read_tensor("weight", 68).value(), std::string(68, '\2'));
  EXPECT_EQ(reader->read_tensor("weight", 1 << 20).error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(reader->read_tensor("nothing", 1).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(reader->integer("llama.block_count", 1, 6).error().code(), ErrorCode::kCorrupt);
}

TEST(GgufReader, RefusesEveryTruncationOfTheHeaderAndSurvivesEveryByte) {
  const core::TempDir folder;
  const auto file = folder.path() / "x.gguf";
  const std::string whole = sample().bytes();
  const auto put = [&](std::string_view bytes) {
    std::ofstream(file, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  };
  for (std::size_t length = 0; length < whole.size() - 100; length += 3) {
    put(std::string_view(whole).substr(0, length));
    EXPECT_FALSE(GgufReader::open(file)) << length;
  }
  std::mt19937 random(1);
  for (int i = 0; i < 400; ++i) {  // no crash, no huge allocation; most are refused
    std::string broken = whole;
    for (int n = 0; n < 3; ++n) broken[random() % 400] = static_cast<char>(random());
    put(broken);
    const auto reader = GgufReader::open(file);
    if (reader) (void)reader->read_tensor("weight", 68);
  }
}

TEST(GgufWriter, RefusesTensorsThatCannotBe) {
  GgufWriter file = sample();
  const std::vector<std::uint64_t> three = {3}, none, five = {1, 1, 1, 1, 1};
  EXPECT_FALSE(file.add_tensor("norm", three, GgufType::kF32, std::string(12, ' ')));  // taken
  EXPECT_FALSE(file.add_tensor("a", three, GgufType::kF32, std::string(11, ' ')));
  EXPECT_FALSE(file.add_tensor("b", three, GgufType::kQ8_0, std::string(34, ' ')));  // no whole block
  EXPECT_FALSE(file.add_tensor("c", none, GgufType::kF32, ""));
  EXPECT_FALSE(file.add_tensor("d", five, GgufType::kF32, std::string(4, ' ')));
  EXPECT_FALSE(file.add_tensor(std::string(65, 'n'), three, GgufType::kF32, std::string(12, ' ')));
}

}  // namespace
}  // namespace zubr::formats
