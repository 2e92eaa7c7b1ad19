#include "bulk/table_job.h"

#include <algorithm>
#include <system_error>

namespace zubr::bulk {
namespace fs = std::filesystem;
namespace {

fs::path folder_of(const fs::path& file) {
  if (file == "-") return fs::temp_directory_path();
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

std::string column_names(const formats::Spool& spool, bool text_only) {
  std::string names;
  for (const auto& column : spool.columns())
    if (!text_only || column.is_text) names += (names.empty() ? "" : ", ") + column.name;
  return names;
}

}  // namespace

Result<void> check_paths(const formats::InputSpec& input, const formats::OutputSpec& output) {
  if (!input.format) ZUBR_CHECK(formats::format_of(input.path));
  if (!output.format) ZUBR_CHECK(formats::format_of(output.path));
  std::error_code ignored;
  if (input.path != "-") {
    if (!fs::exists(input.path, ignored))
      return fail(ErrorCode::kNotFound, "there is no file '{}'", input.path.string());
    if (fs::is_directory(input.path, ignored))
      return fail(ErrorCode::kInvalidArgument, "'{}' is a folder; give a file", input.path.string());
  }
  if (output.path == "-") return {};
  if (fs::is_directory(output.path, ignored))
    return fail(ErrorCode::kInvalidArgument, "the output '{}' is a folder; give a file name", output.path.string());
  if (!fs::is_directory(folder_of(output.path), ignored))
    return fail(ErrorCode::kNotFound, "there is no folder '{}' to write '{}' into; make it first",
                folder_of(output.path).string(), output.path.filename().string());
  if (fs::equivalent(input.path, output.path, ignored))
    return fail(ErrorCode::kInvalidArgument, "'{}' is the input and the output; give another output",
                input.path.string());
  return {};
}

Result<std::unique_ptr<formats::Spool>> read_table(const formats::InputSpec& input, const formats::OutputSpec& output,
                                                   const ProgressFn& progress, std::stop_token stop) {
  ZUBR_TRY(spool, formats::Spool::create(folder_of(output.path)));
  ZUBR_CHECK(spool->ingest(input, stop, [&](std::int64_t rows) { progress({Progress::Stage::kReading, rows, 0}); }));
  return spool;
}

Result<std::string> choose_text_column(const formats::Spool& spool, const std::string& wanted) {
  const auto& columns = spool.columns();
  if (!wanted.empty()) {
    const auto found = std::ranges::find(columns, wanted, &formats::Column::name);
    if (found == columns.end())
      return fail(ErrorCode::kNotFound, "there is no column '{}'; the input has: {}", wanted,
                  column_names(spool, false));
    if (!found->is_text)
      return fail(ErrorCode::kInvalidArgument, "column '{}' is {}, not text; text columns: {}", wanted, found->type,
                  column_names(spool, true));
    return wanted;
  }
  const auto texts = std::ranges::count_if(columns, &formats::Column::is_text);
  if (texts == 1) return std::ranges::find_if(columns, &formats::Column::is_text)->name;
  if (texts == 0)
    return fail(ErrorCode::kInvalidArgument, "the input has no text column; it has: {}", column_names(spool, false));
  return fail(ErrorCode::kInvalidArgument, "the input has {} text columns; choose one with --text: {}", texts,
              column_names(spool, true));
}

fs::path partial_path(const fs::path& output) {
  std::string name = output.filename().string();
  const std::size_t dot = name.find('.', 1);
  name.insert(dot == std::string::npos ? name.size() : dot, ".partial");
  return output.parent_path() / name;
}

Result<Written> write_table(formats::Spool& spool, const formats::OutputSpec& output, bool interrupted,
                            const ProgressFn& progress) {
  progress({Progress::Stage::kWriting, 0, spool.row_count()});
  formats::OutputSpec target = output;
  if (interrupted && output.path != "-") target.path = partial_path(output.path);
  // The first stop ended the evaluation; what is finished is still to be written.
  ZUBR_TRY(rows, spool.write(target, interrupted, std::stop_token{}));
  progress({Progress::Stage::kWriting, rows, rows});
  return Written{rows, target.path};
}

}  // namespace zubr::bulk
