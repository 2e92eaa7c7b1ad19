#include "engine/llama/quantize.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <map>
#include <set>

#include "core/temp_dir.h"
#include "engine/llama/importance.h"
#include "engine/test_models.h"
#include "formats/gguf_header.h"

namespace zubr::engine {
namespace {

namespace fs = std::filesystem;

class QuantizeTest : public testing::Test {
 protected:
  void SetUp() override { ZUBR_NEED_TEST_DATA(); }
  Result<QuantizeReport> run(std::string_view type, const fs::path& to, std::stop_token stop = {}) {
    ZUBR_TRY(found, quantization_type(type));
    return quantize({.from = from_, .to = to, .type = found, .importance = importance_, .threads = 2}, stop);
  }
  // As llama-imatrix writes it: every input as important as its column's number.
  fs::path importance_of(const fs::path& model) {
    const auto header = formats::read_gguf_header(model);
    std::string head = "GGUF", infos, data;
    const auto put = [](std::string& out, auto value) {
      out.append(reinterpret_cast<const char*>(&value), sizeof value);
    };
    std::uint64_t count = 0;
    const auto add = [&](const std::string& name, const std::vector<float>& values) {
      ++count;
      put(infos, std::uint64_t{name.size()});
      infos += name;
      put(infos, std::uint32_t{1});
      put(infos, std::uint64_t{values.size()});
      put(infos, std::uint32_t{0});
      put(infos, std::uint64_t{data.size()});
      data.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
      data.resize((data.size() + 31) / 32 * 32);
    };
    for (const auto& tensor : header->tensors) {
      if (tensor.dim_count < 2) continue;
      std::vector<float> sums(static_cast<std::size_t>(tensor.dims[0]));
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] = static_cast<float>(i + 1);
      add(tensor.name + ".in_sum2", sums);
      add(tensor.name + ".counts", {2.0F});
    }
    put(head, std::uint32_t{3});
    put(head, count);
    put(head, std::uint64_t{0});
    head += infos;
    head.resize((head.size() + 31) / 32 * 32);
    const fs::path file = dir_.path() / "imatrix.gguf";
    std::ofstream(file, std::ios::binary) << head << data;
    return file;
  }

  core::TempDir dir_;
  fs::path from_ = test_model("stories260K-f32.gguf");
  fs::path importance_;
};

TEST_F(QuantizeTest, MakesASmallerModelThatLoads) {
  const fs::path to = dir_.path() / "small.gguf";
  const auto report = run("q8_0", to);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_LT(report->bytes_after, report->bytes_before);
  EXPECT_EQ(report->bytes_after, fs::file_size(to));
  EXPECT_FALSE(report->requantized);
  ModelOptions options;
  options.path = to;
  const auto model = Model::load(options);
  ASSERT_TRUE(model) << model.error().message();
  EXPECT_EQ((*model)->quantization(), "Q8_0");
  from_ = to;
  EXPECT_TRUE(run("Q4_0", dir_.path() / "smaller.gguf")->requantized);
}

TEST_F(QuantizeTest, EveryTypeMakesAModelThatLoadsOrSaysWhyNot) {
  int made = 0;
  for (const QuantizationType& type : quantization_types()) {
    importance_ = type.wants_importance ? importance_of(from_) : fs::path();
    const fs::path to = dir_.path() / type.name;
    const auto report = run(type.name, to);
    made += report ? 1 : 0;
    EXPECT_EQ(fs::exists(to), report.has_value()) << type.name;
    if (report)
      EXPECT_TRUE(check_loads(to)) << type.name;
    else
      EXPECT_EQ(report.error().code(), ErrorCode::kUnsupported) << type.name << ": " << report.error().message();
  }
  EXPECT_GE(made, 30);
}

TEST_F(QuantizeTest, ATypeThatNeedsAnImportanceMatrixSaysSo) {
  const auto report = run("IQ2_XXS", dir_.path() / "x.gguf");
  EXPECT_EQ(report.error().code(), ErrorCode::kUnsupported);
  EXPECT_NE(report.error().message().find("--imatrix"), std::string::npos);
}

TEST_F(QuantizeTest, AnImportanceMatrixIsReadWithoutTrust) {
  const auto read = read_importance(importance_of(from_));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_FLOAT_EQ(read->front().values[3], 2.0F);
  EXPECT_EQ(read_importance(from_).error().code(), ErrorCode::kCorrupt);
  std::ofstream(dir_.path() / "text") << "imatrix";
  EXPECT_EQ(read_importance(dir_.path() / "text").error().code(), ErrorCode::kCorrupt);
}

TEST_F(QuantizeTest, LeavesNothingBehindWhenItFails) {
  std::ofstream(dir_.path() / "text.gguf") << "no model";
  from_ = dir_.path() / "text.gguf";
  EXPECT_EQ(run("Q8_0", dir_.path() / "to.gguf").error().code(), ErrorCode::kCorrupt);
  from_ = test_model("stories260K-f32.gguf");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(run("Q8_0", dir_.path() / "to.gguf", stop.get_token()).error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(std::distance(fs::directory_iterator(dir_.path()), fs::directory_iterator()), 1);  // text.gguf
}

TEST(QuantizationType, IsFoundByAnyWriting) {
  EXPECT_EQ(quantization_type("q4_k_m")->name, "Q4_K_M");
  EXPECT_EQ(quantization_type("Q5_K")->name, "Q5_K_M");
  EXPECT_NE(quantization_type("Q4_KM").error().message().find("did you mean Q4_K_M?"), std::string::npos);
}

}  // namespace
}  // namespace zubr::engine
