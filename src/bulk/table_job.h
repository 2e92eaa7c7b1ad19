// What every job over a table does the same way: check the paths, read the input, choose the text column, and write the
// output whole or, when interrupted, as `<stem>.partial<ext>`.
#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

#include "bulk/classify.h"
#include "core/result.h"
#include "formats/spool.h"

namespace zubr::bulk {

// Cheap checks that need neither the model nor the rows: formats known, input there and readable, output not the input
// and its folder there. Call before loading a model.
Result<void> check_paths(const formats::InputSpec& input, const formats::OutputSpec& output);

// A spool beside the output, with the whole input in it.
Result<std::unique_ptr<formats::Spool>> read_table(const formats::InputSpec& input, const formats::OutputSpec& output,
                                                   const ProgressFn& progress, std::stop_token stop);

// `wanted`, or the only text column. kNotFound / kInvalidArgument with the list of columns.
Result<std::string> choose_text_column(const formats::Spool& spool, const std::string& wanted);

// "out.csv.gz" -> "out.partial.csv.gz".
std::filesystem::path partial_path(const std::filesystem::path& output);

struct Written {
  std::int64_t rows = 0;
  std::filesystem::path path;
};
Result<Written> write_table(formats::Spool& spool, const formats::OutputSpec& output, bool interrupted,
                            const ProgressFn& progress);

}  // namespace zubr::bulk
