// classify: every row of a table gets the label that a model finds most probable for its text.
//
// Equal texts are evaluated once, what all prompts share is evaluated once, rows are packed by length, and the answer
// is read from the logits. The output has all input columns, unchanged and in input order, plus `label`, `probability`,
// `margin` and `error` (docs/life-of-a-record.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "bulk/labels.h"
#include "core/result.h"
#include "formats/spool.h"
#include "inference/backend.h"

namespace zubr::bulk {

enum class LabelMode {
  kText,  // the label itself is scored after the prompt
  kCode,  // the prompt lists "A: label", and one-token codes are scored
};

// Removes what the prompt alone makes a label likely. The result is renormalised over the label set.
enum class Calibration {
  kNone,
  kContentFree,  // by the mean probability on content-free texts ("N/A", "[MASK]", "none"): Zhao et al. 2021, arXiv
                 // 2102.09690
  kBatch,        // by the mean probability over the first 1,024 distinct texts: Zhou et al. 2023, arXiv 2309.17249
};

struct ClassifyOptions {
  formats::InputSpec input;
  formats::OutputSpec output;
  std::string text_column;  // empty = the only text column
  std::vector<Label> labels;
  std::string instruction;                     // empty = a default one
  std::optional<std::string> prompt_template;  // raw prompt with {{text}}, and optionally {{labels}}, {{instruction}}
  bool label_descriptions = false;
  LabelMode label_mode = LabelMode::kText;
  inference::LengthNorm length_norm = inference::LengthNorm::kNone;
  Calibration calibration = Calibration::kNone;
  // The share of the probability over all labels that may stay unknown: probabilities are right to within it, and the
  // fewer label tokens are evaluated the larger it is. The best `top` + 1 labels are always exact. 0 = all labels
  // exact.
  double tolerance = 0.01;
  bool multi = false;      // several labels: `label` holds all with probability >= threshold, most probable first, "; "
  double threshold = 0.2;  // of multi
  int top = 1;             // > 1 adds `top`: JSON [{"label","probability"}…] of so many labels
};

struct Progress {
  enum class Stage { kReading, kCounting, kEvaluating, kWriting } stage = Stage::kReading;
  std::int64_t done = 0;
  std::int64_t total = 0;  // 0 = not known yet
};
using ProgressFn = std::function<void(const Progress&)>;

struct ClassifyReport {
  std::int64_t rows = 0;     // read
  std::int64_t written = 0;  // == rows unless interrupted
  std::int64_t distinct_texts = 0;
  std::int64_t error_rows = 0;  // rows with an error, bad rows included
  std::chrono::nanoseconds evaluating{0};
  std::chrono::nanoseconds total{0};
  inference::ScorerStats tokens;
  bool interrupted = false;      // stopped early; `output` has the finished rows only
  std::filesystem::path output;  // where they are; `<name>.partial.<ext>` when interrupted
};

// Runs the whole job on the calling thread. An interrupted job (stop) is a report with interrupted = true, not an
// error.
Result<ClassifyReport> classify(const ClassifyOptions& options, inference::Backend& backend, const ProgressFn& progress,
                                std::stop_token stop);

}  // namespace zubr::bulk
