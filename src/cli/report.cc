#include "cli/report.h"

#include "cli/json_text.h"
#include "core/display.h"
#include "core/machine.h"
#include "core/message.h"

namespace zubr::cli {
namespace {

using core::display_count;

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

double per_second(std::int64_t count, std::chrono::nanoseconds time) {
  return time.count() > 0 ? static_cast<double>(count) / seconds(time) : 0.0;
}

std::string with_errors(std::string line, std::int64_t rows) {
  if (rows == 1) line += message("; 1 row has an error");
  if (rows > 1) line += message("; {} rows have an error", display_count(rows));
  return line;
}

}  // namespace

std::string classify_summary(const bulk::ClassifyReport& report) {
  return with_errors(
      message("{} rows ({} distinct texts) at {} rows/s; {} prompt tokens evaluated, row by row it would "
              "have been {}",
              display_count(report.written), display_count(report.distinct_texts),
              core::display_rate(per_second(report.written, report.evaluating)),
              display_count(report.tokens.evaluated_tokens), display_count(report.tokens.row_by_row_tokens)),
      report.error_rows);
}

std::string classify_report_json(const bulk::ClassifyReport& report, const std::string& model) {
  return json_text(Json::object({
      {"model", model},
      {"rows", report.rows},
      {"written", report.written},
      {"distinct_texts", report.distinct_texts},
      {"error_rows", report.error_rows},
      {"interrupted", report.interrupted},
      {"output", report.output.string()},
      {"evaluating_s", seconds(report.evaluating)},
      {"total_s", seconds(report.total)},
      {"rows_per_s", per_second(report.written, report.evaluating)},
      {"shared_tokens", report.tokens.shared_tokens},
      {"evaluated_tokens", report.tokens.evaluated_tokens},
      {"row_by_row_tokens", report.tokens.row_by_row_tokens},
      {"forwards", report.tokens.forwards},
      {"peak_memory_bytes", static_cast<std::int64_t>(core::peak_resident_bytes())},
  }));
}

std::string embed_summary(const bulk::EmbedReport& report) {
  return with_errors(message("{} rows ({} distinct texts) at {} rows/s; {} tokens, vectors of {} numbers",
                             display_count(report.written), display_count(report.distinct_texts),
                             core::display_rate(per_second(report.written, report.total)), display_count(report.tokens),
                             report.dimensions),
                     report.error_rows);
}

std::string embed_report_json(const bulk::EmbedReport& report, const std::string& model) {
  return json_text(Json::object({
      {"model", model},
      {"rows", report.rows},
      {"written", report.written},
      {"distinct_texts", report.distinct_texts},
      {"error_rows", report.error_rows},
      {"interrupted", report.interrupted},
      {"output", report.output.string()},
      {"total_s", seconds(report.total)},
      {"rows_per_s", per_second(report.written, report.total)},
      {"tokens", report.tokens},
      {"dimensions", report.dimensions},
      {"peak_memory_bytes", static_cast<std::int64_t>(core::peak_resident_bytes())},
  }));
}

}  // namespace zubr::cli
