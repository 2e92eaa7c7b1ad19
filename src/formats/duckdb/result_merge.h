// ResultMerge: goes through the rows of a spool in order and says what each one got. Two cursors at once, no table in
// memory. One thread; the spool must outlive it and not be put to meanwhile.
#pragma once

#include <optional>
#include <stop_token>
#include <vector>

#include "formats/duckdb/duckdb_spool.h"

namespace zubr::formats {

class ResultMerge {
 public:
  static Result<ResultMerge> open(DuckdbSpool& spool, std::stop_token stop);

  // The results of `row` (each row once, ascending); `error` is that of an unreadable row. False: it has none yet, and
  // `results` are all NULL. The views last until the next call.
  Result<bool> take(std::int64_t row, std::optional<std::string_view> error, std::vector<ResultView>& results);

 private:
  ResultMerge(DuckdbSpool& spool, Cursor first) : spool_(&spool), first_(std::move(first)) {}
  // The table `resolved`: the results of every duplicate, in no useful order.
  static Result<void> resolve_duplicates(DuckdbSpool& spool, std::stop_token stop);
  void read(const Cursor& cursor, std::vector<ResultView>& results) const;
  Result<void> step(std::optional<Cursor>& cursor, std::int64_t& row);

  DuckdbSpool* spool_;
  std::optional<Cursor> first_;     // results as they were put
  std::optional<Cursor> repeated_;  // the results of duplicates, sorted by row
  std::int64_t first_row_ = -1;
  std::int64_t repeated_row_ = -1;
};

}  // namespace zubr::formats
