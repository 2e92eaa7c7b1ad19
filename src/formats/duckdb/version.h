// Which DuckDB the program runs with.
#pragma once

#include <string>

namespace zubr::formats {

std::string duckdb_version();  // "v1.4.4"

}  // namespace zubr::formats
