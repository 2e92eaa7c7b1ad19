// The arguments of every command that turns one table into another.
#pragma once

#include <CLI/App.hpp>

#include <cstdint>
#include <optional>
#include <string>

#include "bulk/classify.h"
#include "cli/session.h"
#include "formats/spool.h"

namespace zubr::cli {

struct TableArguments {
  std::string input;
  std::string output;
  std::string text_column;
  std::string format;        // of both, where the name does not tell
  std::string input_format;  // overrides
  std::string output_format;
  std::string delimiter;
  std::optional<std::int64_t> limit;
  std::string report_file;

  void declare(CLI::App& command);
  Result<formats::InputSpec> input_spec() const;
  Result<formats::OutputSpec> output_spec() const;
};

// Shows a job's stages on `meter`.
bulk::ProgressFn show_stages(core::ProgressMeter& meter);

// "stopped: 120 of 312 rows are finished; they are in out.partial.csv, and out.csv was not written"
std::string stopped_line(std::int64_t written, std::int64_t rows, const std::filesystem::path& kept,
                         const std::filesystem::path& wanted);

}  // namespace zubr::cli
