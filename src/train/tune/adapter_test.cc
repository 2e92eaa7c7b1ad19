#include "train/tune/adapter.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>
#include <cstring>
#include <fstream>

#include "core/temp_dir.h"
#include "formats/gguf_reader.h"
#include "train/quantize.h"
#include "train/tune/tune_event.h"

namespace zubr::train {
namespace {

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Two heads of width 4 over an input of 3, rank 2; numbers say where they stand.
Adapter small_adapter() {
  Adapter adapter;
  adapter.shape.heads = 2;
  adapter.shape.kv_heads = 1;
  adapter.shape.head_width = 4;
  adapter.options = {.rank = 2, .alpha = 6, .dropout = 0, .rank_stabilised = false, .targets = {}};
  AdapterMatrix query{"blk.7.attn_q.weight", 3, 8, 2, {}, {}};
  for (int i = 0; i < 6; ++i) query.a.push_back(static_cast<float>(i));
  for (int i = 0; i < 16; ++i) query.b.push_back(static_cast<float>(100 + i));
  AdapterMatrix down = query;
  down.name = "blk.7.ffn_down.weight";
  adapter.matrices = {query, down};
  return adapter;
}

TEST(Lora, ScaleIsAlphaOverRankOrItsRoot) {
  EXPECT_DOUBLE_EQ((LoraOptions{16, 32, 0, false, {}}).scale(), 2.0);
  EXPECT_DOUBLE_EQ((LoraOptions{16, 32, 0, true, {}}).scale(), 8.0);
}

TEST(AdapterFile, TellsLlamaCppTheAlphaThatGivesTheScale) {
  const core::TempDir folder;
  Adapter adapter = small_adapter();
  adapter.options.rank_stabilised = true;
  const auto path = folder.path() / "a.gguf";
  ASSERT_TRUE(write_adapter_gguf(adapter, "a", path));
  const auto file = formats::GgufReader::open(path);
  ASSERT_TRUE(file);
  EXPECT_EQ(*file->find<std::string>("general.type"), "adapter");
  EXPECT_NEAR(*file->find<double>("adapter.lora.alpha") / 2, adapter.options.scale(), 1e-6);
  const auto& a = file->tensors().at("blk.7.attn_q.weight.lora_a");
  const auto& b = file->tensors().at("blk.7.attn_q.weight.lora_b");
  EXPECT_EQ(a.dims, (std::vector<std::uint64_t>{3, 2}));
  EXPECT_EQ(b.dims, (std::vector<std::uint64_t>{2, 8}));
}

TEST(AdapterFile, ForPythonHasTheNamesAndTheOrderOfRowsThatPeftHas) {
  const core::TempDir folder;
  const auto written = write_adapter_peft(small_adapter(), "base", folder.path() / "peft");
  ASSERT_TRUE(written) << written.error().message();
  const std::string file = read(folder.path() / "peft" / "adapter_model.safetensors");
  std::uint64_t size = 0;
  std::memcpy(&size, file.data(), 8);
  EXPECT_EQ(size % 8, 0U);
  const auto header = boost::json::parse(file.substr(8, size)).as_object();
  const auto rows = [&](const std::string& name) {
    const auto& tensor = header.at("base_model.model.model.layers.7." + name + ".weight").as_object();
    const auto begin = tensor.at("data_offsets").at(0).to_number<std::size_t>();
    const auto end = tensor.at("data_offsets").at(1).to_number<std::size_t>();
    EXPECT_EQ(end - begin, 4U * tensor.at("shape").at(0).to_number<std::size_t>() *
                               tensor.at("shape").at(1).to_number<std::size_t>());
    std::vector<float> values((end - begin) / 4);
    std::memcpy(values.data(), file.data() + 8 + size + begin, end - begin);
    return values;
  };
  EXPECT_EQ(rows("self_attn.q_proj.lora_A"), small_adapter().matrices[0].a);
  // llama.cpp's converter makes 0 2 1 3 of a head's rows 0 1 2 3 (n_head, 2, half → n_head, half, 2); this undoes it.
  EXPECT_EQ(rows("self_attn.q_proj.lora_B"),
            (std::vector<float>{100, 101, 104, 105, 102, 103, 106, 107, 108, 109, 112, 113, 110, 111, 114, 115}));
  EXPECT_EQ(rows("mlp.down_proj.lora_B"), small_adapter().matrices[1].b);  // only queries and keys are turned
  const auto config = boost::json::parse(read(folder.path() / "peft" / "adapter_config.json")).as_object();
  EXPECT_EQ(config.at("r"), 2);
  EXPECT_EQ(boost::json::serialize(config.at("target_modules")), "[\"q_proj\",\"down_proj\"]");
}

class Merged : public testing::TestWithParam<const char*> {};
TEST_P(Merged, IsTheBasePlusScaleTimesBTimesAInTheTypeThatWasWished) {
  const core::TempDir folder;
  const auto base = folder.path() / "base.gguf", out = folder.path() / "out.gguf";
  constexpr std::int64_t kIn = 32, kOut = 4, kRank = 2;
  std::vector<float> weight, norm(kIn, 0.5F);
  for (int i = 0; i < kIn * kOut; ++i) weight.push_back(std::sin(static_cast<float>(i)));
  {
    formats::GgufWriter file;
    file.add("general.architecture", "llama");
    file.add("general.name", "before");
    file.add("llama.block_count", 1U);
    const std::vector<std::uint64_t> dims = {kIn, kOut}, one = {kIn};
    constexpr auto kF32 = formats::GgufType::kF32;
    ASSERT_TRUE(file.add_tensor("blk.0.attn_v.weight", dims, kF32, encode_tensor(weight, kF32)));
    ASSERT_TRUE(file.add_tensor("blk.0.attn_k.weight", dims, kF32, encode_tensor(weight, kF32)));
    ASSERT_TRUE(file.add_tensor("blk.0.attn_norm.weight", one, kF32, encode_tensor(norm, kF32)));
    ASSERT_TRUE(file.write(base));
  }
  Adapter adapter;
  adapter.options = {.rank = kRank, .alpha = 3, .dropout = 0, .rank_stabilised = false, .targets = {}};
  AdapterMatrix m{"blk.0.attn_v.weight", kIn, kOut, kRank, {}, {}};
  for (int i = 0; i < kRank * kIn; ++i) m.a.push_back(std::cos(static_cast<float>(i)));
  for (int i = 0; i < kOut * kRank; ++i) m.b.push_back(0.1F * static_cast<float>(i));
  adapter.matrices = {m};
  const std::string type = GetParam();
  const auto done = merge_adapter(adapter, base, type, "after", out);
  ASSERT_TRUE(done) << done.error().message();

  const auto file = formats::GgufReader::open(out);
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(*file->find<std::string>("general.name"), "after");
  EXPECT_EQ(*file->find<std::int64_t>("llama.block_count"), 1);
  const auto numbers = [&](const std::string& name, std::size_t count) {
    const auto kind = file->tensors().at(name).type;
    std::vector<float> values(count);
    EXPECT_TRUE(decode_tensor(file->read_tensor(name, encoded_bytes(kind, count)).value(), kind, values));
    return values;
  };
  EXPECT_EQ(numbers("blk.0.attn_norm.weight", kIn), norm);
  const auto merged = numbers("blk.0.attn_v.weight", weight.size()),
             other = numbers("blk.0.attn_k.weight", weight.size());
  const double near = type == "q8_0" ? 0.02 : type == "f16" ? 2e-3 : 1e-6;
  for (std::int64_t o = 0; o < kOut; ++o)
    for (std::int64_t i = 0; i < kIn; ++i) {
      const auto at = static_cast<std::size_t>(o * kIn + i);
      double want = weight[at];
      for (std::int64_t r = 0; r < kRank; ++r)
        want += 1.5 * m.b[static_cast<std::size_t>(o * kRank + r)] * m.a[static_cast<std::size_t>(r * kIn + i)];
      EXPECT_NEAR(merged[at], want, near);
      EXPECT_NEAR(other[at], weight[at], near);
    }
}
INSTANTIATE_TEST_SUITE_P(As, Merged, testing::Values("", "f16", "q8_0"));

TEST(TuneEvent, ComesBackFromItsLine) {
  const TuneEvent event{
      .kind = TuneEvent::Kind::kEval, .step = 7, .steps = 20, .loss = 1.5, .best = true, .code = {}, .text = "x\"y"};
  const auto back = parse_event(event_line(event));
  ASSERT_TRUE(back);
  EXPECT_EQ(event_line(*back), event_line(event));
  EXPECT_TRUE(back->best);
  EXPECT_EQ(back->loss, 1.5);
  for (const char* line : {"", "hello", "{}", "{\"event\":\"party\"}", "[1]", "{\"event\":3}"})
    EXPECT_FALSE(parse_event(line)) << line;
}

TEST(LossPlot, HasACurveForTrainingAndOneForValidation) {
  const std::vector<TuneEvent> events = {{.kind = TuneEvent::Kind::kStep, .step = 1, .loss = 4},
                                         {.kind = TuneEvent::Kind::kStep, .step = 2, .loss = 2},
                                         {.kind = TuneEvent::Kind::kEval, .step = 2, .loss = 3}};
  const std::string svg = loss_plot(events, "a <b> & c");
  EXPECT_NE(svg.find("points=\"410.0,20.0 760.0,170.0 \""), std::string::npos) << svg;
  EXPECT_NE(svg.find("points=\"760.0,95.0 \""), std::string::npos) << svg;
  EXPECT_NE(svg.find("a &lt;b> &amp; c"), std::string::npos);
  EXPECT_NE(loss_plot({}, "").find("</svg>"), std::string::npos);
}

}  // namespace
}  // namespace zubr::train
