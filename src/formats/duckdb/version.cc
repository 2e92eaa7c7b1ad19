#include "formats/duckdb/version.h"

#include <duckdb.h>

namespace zubr::formats {

std::string duckdb_version() { return duckdb_library_version(); }

}  // namespace zubr::formats
