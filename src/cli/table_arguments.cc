#include "cli/table_arguments.h"

#include <optional>

#include "cli/command_line.h"
#include "core/display.h"

namespace zubr::cli {
namespace {

using formats::TableFormat;

Result<TableFormat> format_named(const std::string& name, const char* option) {
  if (name == "csv") return TableFormat::kCsv;
  if (name == "tsv") return TableFormat::kTsv;
  if (name == "jsonl") return TableFormat::kJsonl;
  if (name == "parquet") return TableFormat::kParquet;
  return fail(ErrorCode::kInvalidArgument, "{}: '{}' is not one of csv, tsv, jsonl, parquet", option, name);
}

// An option for this side wins; then what the name says; then --format.
Result<std::optional<TableFormat>> choose_format(const std::string& path, const std::string& own,
                                                 const char* own_option, const std::string& both) {
  std::optional<TableFormat> format;
  if (!own.empty()) {
    ZUBR_TRY(named, format_named(own, own_option));
    format = named;
  } else if (!both.empty()) {
    ZUBR_TRY(named, format_named(both, "--format"));
    if (path == "-" || !formats::format_of(path)) format = named;
  }
  return format;
}

}  // namespace

void TableArguments::declare(CLI::App& command) {
  constexpr const char* kFormats = "csv|tsv|jsonl|parquet";
  command
      .add_option("INPUT", input,
                  "the table: .csv .tsv .jsonl (also .gz .zst) .parquet, or - for JSONL on standard input")
      ->required()
      ->type_name(kFileType);
  command
      .add_option("-o,--output", output,
                  "where the result goes; by the same endings, or - for JSONL on standard output")
      ->required()
      ->type_name(kFileType);
  command.add_option("--text", text_column, "the column with the text; not needed when there is only one text column")
      ->type_name(kColumnType);
  command.add_option("--format", format, "the format of INPUT and OUTPUT where their names do not tell")
      ->type_name(kFormats);
  command.add_option("--input-format", input_format, "the format of INPUT, whatever its name")->type_name(kFormats);
  command.add_option("--output-format", output_format, "the format of OUTPUT, whatever its name")->type_name(kFormats);
  command.add_option("--delimiter", delimiter, "what separates the fields of a CSV; found out when not given")
      ->type_name("CHAR");
  command.add_option("--limit", limit, "only the first N rows")->type_name(kNumberType);
  command.add_option("--report", report_file, "write the figures of the run to FILE, as JSON")->type_name(kFileType);
}

Result<formats::InputSpec> TableArguments::input_spec() const {
  ZUBR_TRY(chosen, choose_format(input, input_format, "--input-format", format));
  formats::InputSpec spec;
  spec.path = input;
  spec.format = chosen;
  spec.limit = limit.value_or(-1);
  if (limit && *limit < 0)
    return fail(ErrorCode::kInvalidArgument, "--limit: {} is not a number of rows; leave it out for all", *limit);
  if (!delimiter.empty()) {
    const std::string one = delimiter == "\\t" || delimiter == "tab" ? "\t" : delimiter;
    if (one.size() != 1)
      return fail(ErrorCode::kInvalidArgument, "--delimiter: '{}' is not one ASCII character (or tab)", delimiter);
    spec.delimiter = one.front();
  }
  return spec;
}

Result<formats::OutputSpec> TableArguments::output_spec() const {
  ZUBR_TRY(chosen, choose_format(output, output_format, "--output-format", format));
  formats::OutputSpec spec;
  spec.path = output;
  spec.format = chosen;
  return spec;
}

bulk::ProgressFn show_stages(core::ProgressMeter& meter) {
  using Stage = bulk::Progress::Stage;
  return [&meter, current = std::optional<Stage>()](const bulk::Progress& progress) mutable {
    if (current != progress.stage) {
      current = progress.stage;
      switch (progress.stage) {
        case Stage::kReading: meter.start(message("reading"), "rows"); break;
        case Stage::kCounting: meter.start(message("looking for equal texts"), "rows"); break;
        case Stage::kEvaluating: meter.start(message("evaluating"), "texts"); break;
        case Stage::kWriting: meter.start(message("writing"), "rows"); break;
      }
    }
    meter.update(progress.done, progress.total);
  };
}

std::string stopped_line(std::int64_t written, std::int64_t rows, const std::filesystem::path& kept,
                         const std::filesystem::path& wanted) {
  if (rows == 0) return message("stopped before any row was finished; {} was not written", wanted.string());
  return message("stopped: {} of {} rows are finished; they are in {}, and {} was not written",
                 core::display_count(written), core::display_count(rows), kept.string(), wanted.string());
}

}  // namespace zubr::cli
