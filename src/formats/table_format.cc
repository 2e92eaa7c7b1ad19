#include <algorithm>
#include <cctype>
#include <string>

#include "formats/byte_source.h"
#include "formats/spool.h"

namespace zubr::formats {

Result<TableFormat> format_of(const std::filesystem::path& path) {
  if (path == "-") return TableFormat::kJsonl;
  const bool compressed = compression_of(path) != Compression::kNone;
  std::string extension = (compressed ? path.stem() : path.filename()).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (extension == ".csv") return TableFormat::kCsv;
  if (extension == ".tsv" || extension == ".tab") return TableFormat::kTsv;
  if (extension == ".jsonl" || extension == ".ndjson") return TableFormat::kJsonl;
  if (extension == ".parquet" && !compressed) return TableFormat::kParquet;
  return fail(ErrorCode::kInvalidArgument,
              "the format of '{}' is not known from its name; known are .csv .tsv .tab .jsonl .ndjson (each also with "
              ".gz or .zst), .parquet, and - for JSONL; or name one with --format",
              path.string());
}

}  // namespace zubr::formats
