// A job as its TOML file describes it: where rows come from, the steps that each adds columns to them, where they go.
// docs/jobs.md is the manual of the format.
//
// The reader is strict: a key that is not known, a step without a name, a column that no step before makes are errors
// with file and line, before anything runs. Names of files count from the job file's folder.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bulk/classify.h"
#include "bulk/labels.h"
#include "core/result.h"
#include "formats/spool.h"

namespace zubr::bulk {

// A SQL expression; its value is the column.
struct TransformSpec {
  std::string sql;
};

// Which row has the same first: columns `<name>` (the number of the first row with the same key, from 1).
struct DedupeSpec {
  std::vector<std::string> by;  // columns of the input
  bool normalise = false;       // case, spaces and punctuation do not count
  bool drop = false;            // rows that are not the first are left out of the output, and of later steps
};

// The second model for rows of which the first is not sure.
struct EscalationSpec {
  std::string model;
  double below = 0;  // the margin
};

struct ClassifySpec {
  std::string text;              // column
  ClassifyOptions options = {};  // without input and output
  std::optional<EscalationSpec> escalate = {};
};

// Free text: the column `<name>`.
struct GenerateSpec {
  std::string prompt;  // with {{column}}
  std::string system = {};
  int max_tokens = 512;
  double temperature = 0;
  std::uint32_t seed = 1;
  std::string schema = {};  // JSON schema, as text: the answer is JSON of it
};

// Typed columns out of a text: `<name>` has the whole JSON, `<name>_<property>` each property of the schema.
struct ExtractSpec {
  GenerateSpec ask;
  struct Field {
    std::string property;
    std::string type;  // DuckDB's name
  };
  std::vector<Field> fields;
};

// The vector of a text: the column `<name>`, FLOAT[].
struct EmbedSpec {
  std::string text;  // column
  bool normalize = true;
};

enum class OnError { kSkip, kFail };  // what a row's failure does: the row is left, or the job stops

struct StepSpec {
  std::string name;
  std::string model;  // "": the program's default
  std::string when;   // SQL condition; "": always
  OnError on_error = OnError::kSkip;
  std::variant<TransformSpec, DedupeSpec, ClassifySpec, GenerateSpec, ExtractSpec, EmbedSpec> what = {};
};

struct JobInput {
  std::vector<std::string> files;  // patterns
  std::string sql;
  std::optional<formats::TableFormat> format = {};
  std::optional<char> delimiter = {};
  std::string id;           // column; "": the row's number
  std::int64_t limit = -1;  // the first so many rows
};

struct JobOutput {
  std::filesystem::path file;  // absolute
  formats::TableFormat format = formats::TableFormat::kCsv;
  std::int64_t rows_per_file = 0;     // 0: one file; else `out-00001.csv` …, rounded up to whole shards
  std::filesystem::path dead_letter;  // absolute; failed rows, JSONL
};

struct JobLimits {
  int concurrency = 1;  // generations at the same time
};

struct JobSpec {
  std::string name;
  std::filesystem::path folder;  // that names of files count from
  JobInput input;
  std::vector<StepSpec> steps;
  JobOutput output;
  JobLimits limits;
};

// `source` is the file's name for messages; `folder` is absolute.
Result<JobSpec> parse_job(std::string_view text, const std::string& source, const std::filesystem::path& folder);
// kNotFound, kTooLarge (over 1 MiB), and those of parse_job().
Result<JobSpec> read_job(const std::filesystem::path& file);

}  // namespace zubr::bulk
