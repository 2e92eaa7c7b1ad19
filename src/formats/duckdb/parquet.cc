#include "core/atomic_file.h"
#include "formats/duckdb/result_merge.h"

namespace zubr::formats {

Result<void> DuckdbSpool::ingest_parquet(const InputSpec&, std::stop_token, const ProgressFn&) {
  return fail(ErrorCode::kUnsupported, "Parquet is not read yet");
}

std::string DuckdbSpool::parquet_as_text(TableFormat) const { return {}; }
void DuckdbSpool::read_parquet_row(const Cursor&, TableFormat, OutputRow&) const {}

Result<std::int64_t> DuckdbSpool::write_parquet(const OutputSpec&, bool, std::stop_token) {
  return fail(ErrorCode::kUnsupported, "Parquet is not written yet");
}

}  // namespace zubr::formats
