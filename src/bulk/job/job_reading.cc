// The first phase: every row of the input goes into the file `input`, in blocks, so that what comes later has random
// access to it, in any format, whatever becomes of the files it came from.
#include <algorithm>

#include "bulk/job/job_work.h"
#include "core/display.h"
#include "formats/table_files.h"

namespace zubr::bulk {
namespace fs = std::filesystem;
namespace {

// Path, size and time of the last change of each file.
Result<std::string> describe_files(const std::vector<fs::path>& files) {
  std::string text;
  for (const fs::path& file : files) {
    std::error_code failed;
    const auto bytes = fs::file_size(file, failed);
    const auto changed = fs::last_write_time(file, failed);
    if (failed) return fail(ErrorCode::kNotFound, "cannot read {}: {}", file.string(), failed.message());
    text += fmt::format("{}\t{}\t{}\n", file.string(), bytes, changed.time_since_epoch().count());
  }
  return text;
}

std::string encode_shape(const formats::TableShape& shape) {
  BlockWriter block;
  block.add(shape.json_rows ? "json" : "csv");
  block.add(std::string_view(&shape.delimiter, 1));
  for (const auto& column : shape.columns) {
    block.add(column.name);
    block.add(column.type);
  }
  return block.take();
}

Result<formats::TableShape> decode_shape(const std::string& text) {
  ZUBR_TRY(block, BlockReader::open(text));
  formats::TableShape shape;
  ZUBR_TRY(kind, block.next());
  shape.json_rows = kind == "json";
  ZUBR_TRY(delimiter, block.next());
  if (delimiter && !delimiter->empty()) shape.delimiter = delimiter->front();
  while (!block.at_end()) {
    ZUBR_TRY(name, block.next());
    ZUBR_TRY(type, block.next());
    shape.columns.push_back({std::string(name.value_or("")), std::string(type.value_or("")), type == "VARCHAR"});
  }
  return shape;
}

class Reading {
 public:
  explicit Reading(JobWork& work) : work_(work) {}

  Result<void> run() {
    ZUBR_CHECK(check_files());
    ZUBR_TRY(totals, work_.ledger.totals());
    const JobInput& wanted = work_.spec.input;
    if (!wanted.sql.empty() && totals.shards > 0) {  // the order of a query's rows may be another this time
      ZUBR_CHECK(work_.ledger.forget_shards());
      ZUBR_CHECK(work_.input.cut(0));
      totals = {};
    }
    next_ = {.number = totals.shards, .first_row = totals.rows};
    ZUBR_TRY(reader, formats::open_tables({.files = files_,
                                           .format = wanted.format,
                                           .delimiter = wanted.delimiter,
                                           .sql = wanted.sql,
                                           .spill = work_.path("spill")},
                                          work_.stop_token()));
    if (auto read = read_all(*reader, totals.rows); !read) {
      // What was read whole is worth keeping, whatever went wrong.
      if (const auto kept = commit(); !kept) return fail(kept.error());
      return read;
    }
    return finish(*reader);
  }

 private:
  // The files of the first run, which must be what they were.
  Result<void> check_files() {
    ZUBR_TRY(files, formats::expand_files(work_.spec.input.files, work_.spec.folder));
    files_ = std::move(files);
    ZUBR_TRY(now, describe_files(files_));
    ZUBR_TRY(before, work_.ledger.fact("files"));
    if (before.empty()) return work_.ledger.set_fact("files", now);
    if (before == now) return {};
    return fail(ErrorCode::kInvalidArgument,
                "the input files changed while the job was reading them; start it anew: zubr job run job.toml");
  }

  Result<void> read_all(formats::RowReader& reader, std::int64_t known) {
    const std::int64_t limit = work_.spec.input.limit;
    formats::ReadRow row;
    for (std::int64_t number = 0; limit < 0 || number < limit; ++number) {
      ZUBR_TRY(any, reader.next(row));
      if (!any) break;
      if (number % kRowsPerCheck == 0) {
        ZUBR_CHECK(work_.tell(JobPhase::kReading, number, 0));
        if (work_.stop_token().stop_requested()) return work_.stopped();
      }
      if (number < known) continue;
      block_.add(row.has_raw ? std::optional<std::string_view>(row.raw) : std::nullopt);
      block_.add(row.error.empty() ? std::optional<std::string_view>() : std::string_view(row.error));
      ++next_.rows;
      if (next_.rows == work_.shard_rows || block_.size() >= JobWork::kShardBytes) ZUBR_CHECK(end_shard());
    }
    return end_shard();
  }

  Result<void> end_shard() {
    if (next_.rows == 0) return {};
    const std::string block = block_.take();
    ZUBR_TRY(at, work_.input.append(block));
    next_.input = {at, block.size()};
    waiting_.push_back(next_);
    next_ = {.number = next_.number + 1, .first_row = next_.first_row + next_.rows};
    return work_.time_to_commit() ? commit() : Result<void>();
  }

  Result<void> commit() {
    if (waiting_.empty()) return {};
    ZUBR_CHECK(work_.input.sync());
    ZUBR_TRY(transaction, work_.ledger.begin());
    for (const jobs::Shard& shard : waiting_) ZUBR_CHECK(work_.ledger.add_shard(shard));
    ZUBR_CHECK(transaction.commit());
    waiting_.clear();
    return {};
  }

  Result<void> finish(const formats::RowReader& reader) {
    ZUBR_CHECK(commit());
    const formats::TableShape shape = formats::shape_of(reader);
    if (shape.columns.empty())
      return fail(ErrorCode::kInvalidArgument, "{} has no rows with columns; there is nothing to work on",
                  files_.front().string());
    ZUBR_CHECK(work_.tell(JobPhase::kReading, next_.first_row, next_.first_row));
    return work_.ledger.set_fact("shape", encode_shape(shape));
  }

  static constexpr std::int64_t kRowsPerCheck = 4096;

  JobWork& work_;
  std::vector<fs::path> files_;
  BlockWriter block_;
  jobs::Shard next_;
  std::vector<jobs::Shard> waiting_;
};

}  // namespace

Result<void> read_rows(JobWork& work) {
  ZUBR_TRY(known, work.ledger.fact("shape"));
  if (known.empty()) {
    ZUBR_CHECK(Reading(work).run());
    ZUBR_TRY(read, work.ledger.fact("shape"));
    known = std::move(read);
  }
  ZUBR_TRY(shape, decode_shape(known));
  work.columns.codec = formats::make_codec(shape);
  work.columns.shape = std::move(shape);
  const std::string& id = work.spec.input.id;
  if (!id.empty()) ZUBR_CHECK(work.columns.find(id));
  return {};
}

}  // namespace zubr::bulk
