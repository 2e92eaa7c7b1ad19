// Tokens a second of LoRA on a 1.24 B shape, and what share of torch's matrix product of the same run that is.
//   train_speed MODEL.gguf JSONL [TOKENS_AT_ONCE]
#include <fmt/format.h>

#include <cstdlib>
#include <random>

#include "core/machine.h"
#include "core/temp_dir.h"
#include "figure.h"
#include "train/matmul_rate.h"
#include "train/shape.h"
#include "train/tune.h"

namespace {

using namespace zubr;

// Chats of 256 tokens, a fourth of them answers.
std::vector<train::Example> examples(std::int64_t vocabulary, std::int64_t count) {
  std::mt19937 random(1);
  std::vector<train::Example> all;
  for (std::int64_t i = 0; i < count; ++i) {
    train::Example example{i + 1, {}, {}, 0};
    for (int t = 0; t < 256; ++t)
      (t < 192 ? example.prompt : example.answer).push_back(static_cast<std::int32_t>(random() % vocabulary));
    all.push_back(std::move(example));
  }
  return all;
}

Result<void> run(const std::filesystem::path& model, const std::filesystem::path& jsonl, std::int64_t tokens_at_once) {
  ZUBR_TRY(file, formats::GgufReader::open(model));
  ZUBR_TRY(shape, train::read_shape(file));
  const core::TempDir folder;
  train::TunePlan plan;
  plan.base = std::filesystem::absolute(model);
  plan.name = "bench";
  plan.tokens_at_once = tokens_at_once;
  plan.batch = tokens_at_once / 256;
  ZUBR_CHECK(train::write_plan(plan, examples(shape.vocabulary, plan.batch), {}, {folder.path()}, false));
  const double peak = train::matmul_rate(true, 0);
  ZUBR_TRY(trial, train::try_tune({folder.path()}));
  // Forward and the gradients of the states: 2 operations a weight each. The embedding is looked up, not multiplied;
  // the output matrix multiplies the answers alone, a fourth of the tokens.
  const std::int64_t output = shape.vocabulary * shape.width;
  const auto blocks = static_cast<double>(train::parameter_count(shape) - output * (shape.tied ? 1 : 2));
  const double per_token = 4 * (blocks + 0.25 * static_cast<double>(output));
  const double rate = trial.tokens_per_second * per_token;
  const std::string command = fmt::format("build/release/bench/train_speed {} {}", model.string(), jsonl.string());
  const bench::Figure tokens{
      .name = "lora_tokens_per_s_1b",
      .value = trial.tokens_per_second,
      .unit = "tokens/s",
      .peer = fmt::format("peak memory {:.1f} GiB", static_cast<double>(trial.peak_bytes) / (1 << 30)),
      .peer_value = 0,
      .ratio = 0,
      .command = command};
  const bench::Figure share{.name = "train_share_of_matmul_peak",
                            .value = rate / 1e12,
                            .unit = "TFLOP/s",
                            .peer = "torch bf16 linear, same run",
                            .peer_value = peak / 1e12,
                            .ratio = rate / peak,
                            .command = command};
  for (const bench::Figure& figure : {tokens, share}) {
    bench::show(figure);
    bench::append(figure, jsonl);
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "train_speed MODEL.gguf JSONL [TOKENS_AT_ONCE]\n");
    return 2;
  }
  const auto done = run(argv[1], argv[2], argc > 3 ? std::atoi(argv[3]) : 2048);
  if (!done) fmt::print(stderr, "train_speed: {}\n", done.error().message());
  return done ? 0 : 1;
}
