// For tests of the spool: files in, a whole pass with made-up results, files out.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/temp_dir.h"
#include "formats/spool.h"

namespace zubr::formats {

class SpoolFixture {
 public:
  std::filesystem::path path(std::string_view name) const { return folder_.path() / name; }

  std::filesystem::path make(std::string_view name, std::string_view content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }

  std::string content(std::string_view name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::unique_ptr<Spool> spool() const {
    auto made = Spool::create(folder_.path());
    EXPECT_TRUE(made) << made.error().message();
    return std::move(*made);
  }

  // The error of reading this content.
  Error ingest_error(std::string_view name, std::string_view content) const {
    const auto read = spool()->ingest({make(name, content)}, {}, {});
    return read ? Error(ErrorCode::kInternal, "it was read") : read.error();
  }

  // Reads, gives every distinct text the result "=<text>" ("=NULL"), in windows of `window`, writes. Rows written.
  Result<std::int64_t> pass(const InputSpec& input, std::string_view column, const OutputSpec& output,
                            std::size_t window = 7) const {
    const auto work = spool();
    ZUBR_CHECK(work->ingest(input, {}, {}));
    ZUBR_TRY(distinct, work->index_texts(column));
    ZUBR_CHECK(work->declare_results({{"label", CellType::kText}, {"probability", CellType::kNumber}}));
    std::int64_t seen = 0;
    for (;;) {
      ZUBR_TRY(rows, work->next_texts(window));
      if (rows.empty()) break;
      for (const TextRow& row : rows) {
        ++seen;
        ZUBR_CHECK(work->put(row.row, {row.is_null ? "=NULL" : "=" + row.text, 0.5}));
      }
    }
    if (seen != distinct) return fail(ErrorCode::kInternal, "{} texts came, {} were said", seen, distinct);
    return work->write(output, false, {});
  }

 private:
  core::TempDir folder_;
};

}  // namespace zubr::formats
