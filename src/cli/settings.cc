#include "cli/settings.h"

namespace zubr::cli {

using core::Setting;
using core::SettingType;

namespace {

std::vector<Setting> common_settings() {
  return {
      {.name = "model",
       .help = "The model to use when none is named: a name from `zubr models list`, or a GGUF file. Without it, the "
               "one built in.",
       .example = "tinytalk",
       .where = "classify, embed, serve"},
      {.name = "threads",
       .type = SettingType::kInteger,
       .fallback = "0",
       .help = "Threads that compute; 0 is one for each core that this process may use.",
       .example = "8",
       .min = 0,
       .max = 1024,
       .where = "classify, run, embed, serve"},
      {.name = "context",
       .type = SettingType::kInteger,
       .fallback = "0",
       .help = "Tokens that a prompt and its answer may have together; 0 is what the model was trained for.",
       .example = "4096",
       .min = 0,
       .max = 16777216,
       .where = "classify, run, embed, serve"},
      {.name = "compute",
       .fallback = "auto",
       .help =
           "How large matrices are multiplied: `ggml` with llama.cpp's kernels, `int8` or `bf16` with oneDNN's, which "
           "are faster for many tokens at a time and hold the weights once more in memory. `auto` takes int8 for "
           "quantised models and bf16 for others where this processor is fast at them; `run` then stays with ggml.",
       .example = "bf16",
       .choices = {"auto", "int8", "bf16", "ggml"},
       .where = "classify, run, embed, serve"},
      {.name = "progress",
       .type = SettingType::kBool,
       .fallback = "true",
       .help = "Show progress on standard error: one live line on a terminal, else a line when a stage ends.",
       .example = "false",
       .where = "classify, run, embed, serve, pull, catalog update"},
  };
}

std::vector<Setting> classify_settings() {
  return {
      {.name = "classify.label_mode",
       .fallback = "text",
       .help = "What is scored: `text` is the label itself, `code` a one-token code that the prompt lists for it.",
       .example = "code",
       .choices = {"text", "code"},
       .where = "classify"},
      {.name = "classify.length_norm",
       .fallback = "none",
       .help = "`none` compares whole labels, `tokens` divides a label's log-probability by its number of tokens.",
       .example = "tokens",
       .choices = {"none", "tokens"},
       .where = "classify"},
      {.name = "classify.calibrate",
       .fallback = "none",
       .help = "Removes what the prompt alone makes likely: `content-free` subtracts the scores of empty texts (Zhao "
               "et al. "
               "2021, arXiv 2102.09690), `batch` the mean over rows (Zhou et al. 2023, arXiv 2309.17249).",
       .example = "batch",
       .choices = {"none", "content-free", "batch"},
       .where = "classify"},
      {.name = "classify.threshold",
       .type = SettingType::kNumber,
       .fallback = "0.2",
       .help = "With --multi: the least probability of a label that is given.",
       .example = "0.3",
       .min = 0,
       .max = 1,
       .where = "classify"},
      {.name = "classify.tolerance",
       .type = SettingType::kNumber,
       .fallback = "0.01",
       .help = "The share of the probability that may stay unknown, so that unlikely labels are not evaluated to their "
               "end; 0 evaluates every label.",
       .example = "0.001",
       .min = 0,
       .max = 0.5,
       .where = "classify"},
      {.name = "classify.top",
       .type = SettingType::kInteger,
       .fallback = "1",
       .help = "More than 1 adds a column `top`: so many labels with their probabilities, as JSON.",
       .example = "3",
       .min = 1,
       .max = 10000,
       .where = "classify"},
  };
}

std::vector<Setting> answer_settings() {
  return {
      {.name = "run.temperature",
       .type = SettingType::kNumber,
       .fallback = "0.8",
       .help = "How freely tokens are drawn; 0 always takes the most probable one.",
       .example = "0",
       .min = 0,
       .max = 10,
       .where = "run"},
      {.name = "run.top_k",
       .type = SettingType::kInteger,
       .fallback = "40",
       .help = "Draw among so many most probable tokens; 0 is all.",
       .example = "20",
       .min = 0,
       .max = 1000000,
       .where = "run"},
      {.name = "run.top_p",
       .type = SettingType::kNumber,
       .fallback = "0.95",
       .help = "Draw among the most probable tokens that together have this probability; 1 is all.",
       .example = "0.9",
       .min = 0,
       .max = 1,
       .where = "run"},
      {.name = "run.max_tokens",
       .type = SettingType::kInteger,
       .fallback = "-1",
       .help = "The most tokens of an answer; -1 is until the model ends it or the context is full.",
       .example = "200",
       .min = -1,
       .max = 16777216,
       .where = "run"},
      {.name = "embed.normalize",
       .type = SettingType::kBool,
       .fallback = "true",
       .help = "Scale each vector to length 1, so that a dot product is the cosine.",
       .example = "false",
       .where = "embed"},
  };
}

std::vector<Setting> serve_settings() {
  return {
      {.name = "serve.host",
       .fallback = "127.0.0.1",
       .help = "The address to listen on.",
       .example = "0.0.0.0",
       .where = "serve"},
      {.name = "serve.port",
       .type = SettingType::kInteger,
       .fallback = "11500",
       .help = "The port to listen on; 0 is any free one.",
       .example = "8080",
       .min = 0,
       .max = 65535,
       .where = "serve"},
      {.name = "serve.parallel",
       .type = SettingType::kInteger,
       .fallback = "4",
       .help = "Requests that are answered at the same time.",
       .example = "16",
       .min = 1,
       .max = 256,
       .where = "serve"},
  };
}

}  // namespace

std::vector<Setting> cli_settings() {
  std::vector<Setting> all = common_settings();
  for (auto group : {classify_settings, answer_settings, serve_settings})
    for (Setting& setting : group()) all.push_back(std::move(setting));
  return all;
}

}  // namespace zubr::cli
