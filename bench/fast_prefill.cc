// fast_prefill MODEL JSONL [ROUNDS]: what oneDNN's products make of a model, against llama.cpp's own with its best
// settings (repacked weights, flash attention as it chooses), in turns: a prompt of 512 tokens, 60 rows of 8 tokens
// after a shared prefix of 128, and one stream decoding. Tokens a second; ratios are medians over the rounds.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "engine/llama/context.h"
#include "engine/llama/model.h"
#include "figure.h"
#include "int8_peak.h"
#include "process.h"

namespace {

using namespace zubr;
using engine::Compute;

constexpr int kPrompt = 512, kPrefix = 128, kRows = 60, kRowTokens = 8, kDecoded = 24;

struct Speeds {
  double prefill = 0, scoring = 0, decode = 0;  // tokens a second
};

// One way of computing; model and contexts stay for all rounds.
class Contender {
 public:
  Contender(const std::string& file, Compute compute) {
    const double began = bench::now_seconds();
    engine::ModelOptions options;
    options.path = file;
    options.compute = compute;
    auto model = engine::Model::load(options);
    if (!model) bench::die(model.error().message());
    model_ = *model;
    load_seconds = bench::now_seconds() - began;
    prompt_ = context({.cells = 1024, .batch_tokens = kPrompt, .sequences = 1, .outputs = 1});
    rows_ = context({.cells = 1024,
                     .batch_tokens = kPrompt,
                     .micro_batch = engine::kExactMicroBatch,
                     .sequences = kRows + 1,
                     .outputs = kRows});
    engine::Batch prefix;
    for (int i = 0; i < kPrefix; ++i) prefix.add(token(i), i, 0, false);
    decode(*rows_, prefix);
  }

  Speeds run() {
    Speeds speeds;
    prompt_->clear();
    engine::Batch batch;
    for (int i = 0; i < kPrompt; ++i) batch.add(token(i), i, 0, i == kPrompt - 1);
    speeds.prefill = kPrompt / decode(*prompt_, batch);
    batch.clear();
    for (int row = 1; row <= kRows; ++row) {
      rows_->remove_sequence(row);
      rows_->copy_sequence(0, row);
      for (int i = 0; i < kRowTokens; ++i) batch.add(token(row * 31 + i), kPrefix + i, row, i == kRowTokens - 1);
    }
    speeds.scoring = kRows * kRowTokens / decode(*rows_, batch);
    double seconds = 0;
    for (int i = 0; i < kDecoded; ++i) {
      engine::Batch one;
      one.add(token(i * 3), kPrompt + i, 0, true);
      seconds += decode(*prompt_, one);
    }
    speeds.decode = kDecoded / seconds;
    return speeds;
  }

  // For each token of a prompt: all but the embedding table, which is the output matrix too, or as large as it.
  std::uint64_t multiplied_weights() const {
    return model_->parameters() - static_cast<std::uint64_t>(model_->tokenizer().size()) *
                                      static_cast<std::uint64_t>(model_->embedding_size());
  }
  std::uint64_t packed_bytes() const { return model_->packed_bytes(); }
  double load_seconds = 0;

 private:
  std::unique_ptr<engine::Context> context(const engine::ContextOptions& options) const {
    auto made = engine::Context::create(model_, options);
    if (!made) bench::die(made.error().message());
    return std::move(*made);
  }
  static engine::Token token(int i) { return 1000 + i * 17 % 90000; }
  static double decode(engine::Context& context, engine::Batch& batch) {
    const double began = bench::now_seconds();
    if (const auto done = context.decode(batch, {}); !done) bench::die(done.error().message());
    return bench::now_seconds() - began;
  }

  std::shared_ptr<const engine::Model> model_;
  std::unique_ptr<engine::Context> prompt_, rows_;
};

double median_of(const std::vector<Speeds>& rounds, double Speeds::*which) {
  std::vector<double> values;
  for (const Speeds& round : rounds) values.push_back(round.*which);
  return bench::median(values);
}

double median_ratio(const std::vector<Speeds>& ours, const std::vector<Speeds>& theirs, double Speeds::*which) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < ours.size(); ++i) ratios.push_back(ours[i].*which / (theirs[i].*which));
  return bench::median(ratios);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) bench::die("usage: fast_prefill MODEL JSONL [ROUNDS]");
  const int rounds = argc > 3 ? std::stoi(argv[3]) : 3;
  const std::string file = argv[1], jsonl = argv[2];
  Contender stock(file, Compute::kGgml), int8(file, Compute::kInt8), bf16(file, Compute::kBf16);
  fmt::print("loading and packing: ggml {:.1f} s, int8 {:.1f} s ({:.0f} MB), bf16 {:.1f} s ({:.0f} MB)\n",
             stock.load_seconds, int8.load_seconds, static_cast<double>(int8.packed_bytes()) / 1e6, bf16.load_seconds,
             static_cast<double>(bf16.packed_bytes()) / 1e6);
  std::vector<Speeds> by_stock, by_int8, by_bf16;
  for (int round = 0; round <= rounds; ++round) {
    const Speeds a = stock.run(), b = int8.run(), c = bf16.run();
    if (round == 0) continue;  // warm
    by_stock.push_back(a);
    by_int8.push_back(b);
    by_bf16.push_back(c);
    fmt::print(
        "round {}: prefill {:.0f} int8 {:.0f} bf16 {:.0f}; rows {:.0f} int8 {:.0f} bf16 {:.0f}; decode {:.1f} "
        "int8 {:.1f} bf16 {:.1f} tokens/s\n",
        round, a.prefill, b.prefill, c.prefill, a.scoring, b.scoring, c.scoring, a.decode, b.decode, c.decode);
  }
  const auto put = [&](const char* name, double Speeds::*which) {
    const bench::Figure figure{.name = name,
                               .value = median_of(by_int8, which),
                               .unit = "tokens/s",
                               .peer = "llama.cpp's own kernels",
                               .peer_value = median_of(by_stock, which),
                               .ratio = median_ratio(by_int8, by_stock, which),
                               .command = fmt::format("fast_prefill {}", file)};
    bench::show(figure);
    bench::append(figure, jsonl);
  };
  put("prefill_vs_stock_1b", &Speeds::prefill);
  put("scoring_vs_stock_1b", &Speeds::scoring);
  put("decode_vs_stock", &Speeds::decode);
  const double peak = bench::int8_peak(static_cast<int>(std::thread::hardware_concurrency()));
  const double done = median_of(by_int8, &Speeds::prefill) * 2 * static_cast<double>(int8.multiplied_weights());
  if (peak > 0) {
    // Attention is left out, and so is the embedding table, which is not multiplied with.
    const bench::Figure figure{.name = "onednn_share_of_int8_peak",
                               .value = done / 1e12,
                               .unit = "TOP/s",
                               .peer = "AVX512-VNNI on registers",
                               .peer_value = peak / 1e12,
                               .ratio = done / peak,
                               .command = fmt::format("fast_prefill {}", file)};
    bench::show(figure);
    bench::append(figure, jsonl);
  }
}
