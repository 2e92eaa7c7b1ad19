#include <boost/json.hpp>

#include <fstream>
#include <memory>

#include "core/text_file.h"
#include "core/utf8.h"
#include "formats/spool.h"
#include "train/tune/dialogue.h"

namespace zubr::train {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxArrayBytes = std::size_t{1} << 30;

class Collector {
 public:
  explicit Collector(const DialogueOptions& options) : options_(options) {}

  void add(std::string_view record) {
    ++row_;
    auto dialogue = core::utf8_valid(record) ? parse_dialogue(record, options_, form_)
                                             : Result<Dialogue>(fail(ErrorCode::kInvalidArgument, "it is not UTF-8"));
    if (!dialogue) {
      file_.bad.push_back({row_, dialogue.error().message()});
      return;
    }
    dialogue->row = row_;
    file_.dialogues.push_back(std::move(*dialogue));
  }

  Result<DialogueFile> finish(const std::filesystem::path& path) {
    if (row_ == 0) return fail(ErrorCode::kInvalidArgument, "'{}' has no records", path.string());
    if (file_.dialogues.empty())
      return fail(ErrorCode::kInvalidArgument, "none of the {} records of '{}' can be used; the first: {}", row_,
                  path.string(), file_.bad.front().reason);
    file_.form = *form_;
    return std::move(file_);
  }

 private:
  const DialogueOptions& options_;
  std::optional<RecordForm> form_;
  std::int64_t row_ = 0;
  DialogueFile file_;
};

Result<void> read_array(const std::filesystem::path& file, Collector& into) {
  ZUBR_TRY(text, core::read_text_file(file, kMaxArrayBytes));
  boost::system::error_code error;
  const json::value all = json::parse(text, error);
  if (error) return fail(ErrorCode::kCorrupt, "'{}' is not JSON: {}", file.string(), error.message());
  const auto* list = all.if_array();
  if (!list)
    return fail(ErrorCode::kInvalidArgument, "'{}' is no list of records; one record a line is .jsonl", file.string());
  for (const json::value& record : *list) into.add(json::serialize(record));
  return {};
}

Result<void> read_lines(const std::filesystem::path& file, Collector& into, std::stop_token stop) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(ErrorCode::kNotFound, "cannot open '{}'", file.string());
  std::string line;
  while (std::getline(in, line)) {
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped while reading '{}'", file.string());
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) into.add(line);
  }
  return in.bad() ? Result<void>(fail(ErrorCode::kIo, "cannot read '{}'", file.string())) : Result<void>();
}

// CSV, TSV, Parquet and compressed files become JSONL first: one reader of records is enough.
Result<void> read_table(const std::filesystem::path& file, const std::filesystem::path& scratch, Collector& into,
                        std::stop_token stop) {
  ZUBR_TRY(spool, formats::Spool::create(scratch));
  ZUBR_CHECK(spool->ingest({.path = file}, stop, [](std::int64_t) {}));
  if (spool->columns().empty()) return fail(ErrorCode::kInvalidArgument, "'{}' has no columns", file.string());
  ZUBR_CHECK(spool->index_texts(spool->columns().front().name, stop));
  ZUBR_CHECK(spool->declare_results({}));
  const auto lines = scratch / "records.jsonl";
  ZUBR_CHECK(spool->write({.path = lines}, false, stop));
  auto result = read_lines(lines, into, stop);
  std::error_code ignored;
  std::filesystem::remove(lines, ignored);
  return result;
}

}  // namespace

Result<DialogueFile> read_dialogues(const std::filesystem::path& file, const DialogueOptions& options,
                                    const std::filesystem::path& scratch, std::stop_token stop) {
  if (!std::filesystem::exists(file)) return fail(ErrorCode::kNotFound, "'{}' is not here", file.string());
  Collector into(options);
  if (file.extension() == ".json") {
    ZUBR_CHECK(read_array(file, into));
  } else if (file.extension() == ".jsonl" || file.extension() == ".ndjson") {
    ZUBR_CHECK(read_lines(file, into, stop));
  } else {
    ZUBR_CHECK(read_table(file, scratch, into, stop));
  }
  return into.finish(file);
}

}  // namespace zubr::train
