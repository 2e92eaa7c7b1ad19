// zubr-train: what zubr runs for training; the only program that loads libtorch.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "formats/gguf_writer.h"
#include "train/trainer.h"
#include "train/tune.h"

namespace {

using namespace zubr;

std::stop_source& stopping() {
  static std::stop_source source;
  return source;
}

int finish(const Result<void>& result) {
  if (result) return 0;
  fmt::print(stderr, "zubr-train: {}\n", result.error().message());
  return result.error().code() == ErrorCode::kCancelled ? 130 : 1;
}

Result<void> run_pretrain(const train::PretrainOptions& options) {
  const auto report = [](const train::TrainProgress& p) {
    fmt::print(stderr, "\rstep {} of {}, loss {:.4f}, rate {:.2e}, {:.2f} M tokens, {:.0f} tokens/s   ", p.step,
               p.steps, p.loss, p.learning_rate, static_cast<double>(p.tokens) / 1e6, p.tokens_per_second);
  };
  const auto sharpened = [](const train::ContrastProgress& p) {
    fmt::print(stderr, "\rembedding: {} samples, loss {:.3f}, {:.1f} % right   ", p.samples, p.loss, 100 * p.accuracy);
  };
  ZUBR_TRY(done, train::pretrain(options, report, stopping().get_token(), sharpened));
  fmt::print(stderr, "\n");
  if (done.skipped > 0) fmt::print(stderr, "{} samples were longer than a row and left out\n", done.skipped);
  return {};
}

// Everything that happens is a line of JSON on standard output: `zubr tune` reads them.
int run_tune(const std::string& folder) {
  const auto say = [](const train::TuneEvent& event) {
    const std::string line = train::event_line(event);
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fflush(stdout);
  };
  const auto done = train::run_tune({folder}, say, stopping().get_token());
  if (done) return 0;
  say({.kind = train::TuneEvent::Kind::kFailed,
       .code = std::string(core::error_name(done.error().code())),
       .text = done.error().message()});
  return done.error().code() == ErrorCode::kCancelled ? 130 : 1;
}

int run_trial(const std::string& folder) {
  const auto trial = train::try_tune({folder});
  train::TuneEvent event{.kind = train::TuneEvent::Kind::kDone};
  if (trial) {
    event.parameters = trial->parameters;
    event.tokens = static_cast<std::int64_t>(trial->peak_bytes);
    event.tokens_per_second = trial->tokens_per_second;
  } else {
    event.kind = train::TuneEvent::Kind::kFailed;
    event.code = core::error_name(trial.error().code());
    event.text = trial.error().message();
  }
  fmt::print("{}", train::event_line(event));
  return trial ? 0 : 1;
}

Result<void> run_measure(const train::MeasureOptions& options) {
  ZUBR_TRY(scores, train::measure(options));
  for (const auto& [set, score] : scores)
    fmt::print("{:<24} {:>6} rows {:>6.1f} %\n", set, score.rows,
               100.0 * static_cast<double>(score.right) / static_cast<double>(score.rows));
  return {};
}

void declare_pretrain(CLI::App& command, train::PretrainOptions& options, bool& f32, bool& level) {
  command.add_option("--vocabulary", options.vocabulary)->required();
  command.add_option("--data", options.data)->required();
  command.add_option("--checkpoint", options.checkpoint)->required();
  command.add_option("--log", options.log);
  command.add_option("--associations", options.associations, "groups of texts for the embedding's starting values");
  command.add_option("--contrast", options.contrast_samples, "samples to sharpen the embedding with first");
  command.add_option("--contrast-rate", options.contrast_rate)->capture_default_str();
  command.add_option("--contrast-sharpness", options.contrast_sharpness)->capture_default_str();
  command.add_option("--width", options.shape.width)->capture_default_str();
  command.add_option("--layers", options.shape.layers)->capture_default_str();
  command.add_option("--heads", options.shape.heads)->capture_default_str();
  command.add_option("--kv-heads", options.shape.kv_heads)->capture_default_str();
  command.add_option("--head-width", options.shape.head_width)->capture_default_str();
  command.add_option("--feed-forward", options.shape.feed_forward)->capture_default_str();
  command.add_option("--rope-base", options.shape.rope_base)->capture_default_str();
  command.add_option("--context", options.shape.context)->capture_default_str();
  command.add_option("--rows", options.rows)->capture_default_str();
  command.add_option("--row-length", options.row_length)->capture_default_str();
  command.add_option("--rate", options.schedule.peak)->capture_default_str();
  command.add_option("--floor", options.schedule.floor)->capture_default_str();
  command.add_option("--warm-up", options.schedule.warm_up)->capture_default_str();
  command.add_option("--steps", options.schedule.steps)->capture_default_str();
  command.add_option("--decay-from", options.schedule.decay_from, "with --level");
  command.add_option("--stop-at", options.stop_at);
  command.add_option("--weight-decay", options.weight_decay)->capture_default_str();
  command.add_option("--beta2", options.beta2)->capture_default_str();
  command.add_option("--clip", options.clip)->capture_default_str();
  command.add_option("--embedding-rate", options.embedding_rate, "factor on the rate of the embeddings")
      ->capture_default_str();
  command.add_flag("!--untied", options.shape.tied, "an output matrix of its own");
  command.add_option("--full-share", options.full_share, "see PretrainOptions::full_share")->capture_default_str();
  command.add_option("--dropout", options.dropout, "share of merges left out")->capture_default_str();
  command.add_option("--text-weight", options.text_weight)->capture_default_str();
  command.add_option("--seed", options.seed)->capture_default_str();
  command.add_option("--threads", options.threads)->capture_default_str();
  command.add_option("--checkpoint-every", options.checkpoint_every)->capture_default_str();
  command.add_option("--log-every", options.log_every)->capture_default_str();
  command.add_flag("--f32", f32, "compute in float32 instead of bfloat16");
  command.add_flag("--level", level, "a level learning rate until --decay-from instead of a cosine");
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGINT, [](int) { stopping().request_stop(); });
  std::signal(SIGTERM, [](int) { stopping().request_stop(); });
  CLI::App app("trains small models", "zubr-train");
  app.require_subcommand(1);

  std::string type = "q8_0";
  train::PretrainOptions options;
  options.shape = {0, 256, 6, 4, 2, 64, 768, 1024, 10000.0F, 1e-5F, true};
  bool f32 = false, level = false;
  auto* pretrain = app.add_subcommand("pretrain", "train a model from nothing; goes on where its checkpoint ends");
  declare_pretrain(*pretrain, options, f32, level);

  train::ExportOptions exporting;
  auto* save = app.add_subcommand("export", "a checkpoint as GGUF");
  save->add_option("--vocabulary", exporting.vocabulary)->required();
  save->add_option("--checkpoint", exporting.checkpoint)->required();
  save->add_option("-o,--out", exporting.out)->required();
  save->add_option("--name", exporting.name)->capture_default_str();
  save->add_option("--type", type, "f32, f16 or q8_0")->capture_default_str();

  train::MeasureOptions measuring;
  auto* measure = app.add_subcommand("measure", "accuracy on questions, per set");
  measure->add_option("--vocabulary", measuring.vocabulary)->required();
  measure->add_option("--model", measuring.model, "a checkpoint or a GGUF file")->required();
  measure->add_option("--questions", measuring.questions)->required();
  measure->add_option("--threads", measuring.threads)->capture_default_str();
  measure->add_flag("--f32", f32, "compute in float32 instead of bfloat16");

  std::string folder;
  auto* tune = app.add_subcommand("tune", "follow the plan that `zubr tune` left in a folder");
  tune->add_option("FOLDER", folder)->required();
  auto* trial = app.add_subcommand("trial", "two steps of that plan, to measure speed and memory");
  trial->add_option("FOLDER", folder)->required();
  CLI11_PARSE(app, argc, argv);
  if (*tune) return run_tune(folder);
  if (*trial) return run_trial(folder);

  options.precision = measuring.precision = f32 ? train::Precision::kFloat32 : train::Precision::kBfloat16;
  options.schedule.shape = level ? train::Schedule::Shape::kLevel : train::Schedule::Shape::kCosine;
  exporting.type = type == "f32"   ? formats::GgufType::kF32
                   : type == "f16" ? formats::GgufType::kF16
                                   : formats::GgufType::kQ8_0;
  if (*pretrain) return finish(run_pretrain(options));
  if (*save) return finish(train::export_model(exporting));
  return finish(run_measure(measuring));
}
