// embed: every row of a table gets the vector of its text, in a column `embedding`.
#pragma once

#include "bulk/classify.h"

namespace zubr::bulk {

struct EmbedOptions {
  formats::InputSpec input;
  formats::OutputSpec output;
  std::string text_column;  // empty = the only text column
  bool normalize = true;
};

struct EmbedReport {
  std::int64_t rows = 0;
  std::int64_t written = 0;
  std::int64_t distinct_texts = 0;
  std::int64_t error_rows = 0;
  std::int64_t tokens = 0;
  int dimensions = 0;
  std::chrono::nanoseconds total{0};
  bool interrupted = false;
  std::filesystem::path output;
};

Result<EmbedReport> embed(const EmbedOptions& options, inference::Backend& backend, const ProgressFn& progress,
                          std::stop_token stop);

}  // namespace zubr::bulk
