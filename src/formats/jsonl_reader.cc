#include "formats/jsonl_reader.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "core/utf8.h"
#include "formats/json_text.h"

namespace zubr::formats {
namespace {

constexpr std::size_t kFirstBuffer = 1u << 20;
constexpr std::size_t kMaxColumns = 4096;
constexpr std::string_view kSpace = " \t\r\n";

struct ViewHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};
using ColumnNumbers = std::unordered_map<std::string, std::size_t, ViewHash, std::equal_to<>>;

// A key's content; points into the key or `scratch`.
std::string_view key_text(std::string_view key, std::string& scratch) {
  if (!has_escapes(key)) return key;
  scratch.clear();
  append_unescaped(scratch, key);
  return scratch;
}

bool is_string(std::string_view value) { return !value.empty() && value.front() == '"'; }

class JsonlCodec final : public RowCodec {
 public:
  explicit JsonlCodec(ColumnNumbers numbers) : numbers_(std::move(numbers)), names_(numbers_.size()) {
    for (const auto& [name, number] : numbers_) names_[number] = name;
  }

  void decode(std::string_view raw, std::vector<Field>& fields, std::string& scratch) const override {
    fields.assign(names_.size(), Field());
    scratch.clear();
    scratch.reserve(raw.size());  // unescaped text is never longer: the views below stay valid
    std::string key_scratch;
    visit_members(raw, [&](std::string_view key, std::string_view value) {
      const auto found = numbers_.find(key_text(key, key_scratch));
      if (found != numbers_.end()) fields[found->second] = field_of(value, scratch);
      return true;
    });
  }

  Field field(std::string_view raw, std::size_t column, std::string& scratch) const override {
    const std::string_view name = names_[column];
    std::string_view last;
    std::string key_scratch;
    visit_members(raw, [&](std::string_view key, std::string_view value) {
      if (key_text(key, key_scratch) == name) last = value;
      return true;
    });
    scratch.clear();
    if (last.empty()) return {};
    scratch.reserve(last.size());
    return field_of(last, scratch);
  }

 private:
  static Field field_of(std::string_view value, std::string& scratch) {
    if (value == "null") return {};
    if (!is_string(value)) return {value, Field::Kind::kJson};
    const std::string_view body = value.substr(1, value.size() - 2);
    if (!has_escapes(body)) return {body, Field::Kind::kText};
    const std::size_t from = scratch.size();
    append_unescaped(scratch, body);
    return {std::string_view(scratch).substr(from), Field::Kind::kText};
  }

  ColumnNumbers numbers_;
  std::vector<std::string> names_;
};

class JsonlReader final : public RowReader {
 public:
  JsonlReader(std::unique_ptr<ByteSource> source, JsonlOptions options)
      : source_(std::move(source)), options_(std::move(options)), buffer_(kFirstBuffer) {}

  Result<bool> next(ReadRow& row) override;
  std::vector<Column> columns() const override;
  std::shared_ptr<const RowCodec> codec() const override { return std::make_shared<JsonlCodec>(numbers_); }
  Result<void> check_not_empty();

 private:
  struct KeyInfo {
    std::string name;
    bool strings = false;
    bool others = false;  // values that are neither strings nor null
  };

  Result<bool> next_line();
  Result<bool> read_more();
  Result<void> note_members(std::string_view object);

  std::unique_ptr<ByteSource> source_;
  JsonlOptions options_;
  std::vector<char> buffer_;
  std::size_t start_ = 0;
  std::size_t end_ = 0;
  bool at_end_ = false;
  std::string_view line_;
  bool too_long_ = false;
  std::int64_t line_number_ = 0;
  std::string repaired_;
  std::string key_scratch_;
  std::vector<KeyInfo> keys_;
  ColumnNumbers numbers_;
};

Result<bool> JsonlReader::read_more() {
  if (start_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + start_, end_ - start_);
    end_ -= start_;
    start_ = 0;
  }
  if (buffer_.size() - end_ < kFirstBuffer / 4) {
    buffer_.resize(std::min(2 * buffer_.size(), std::max(buffer_.size(), options_.max_line_bytes) + kFirstBuffer));
  }
  ZUBR_TRY(got, source_->read(buffer_.data() + end_, buffer_.size() - end_));
  at_end_ = got == 0;
  end_ += got;
  return got != 0;
}

// Of a line over the limit, the beginning stays and the rest is read and dropped.
Result<bool> JsonlReader::next_line() {
  too_long_ = false;
  std::size_t looked_at = 0;  // behind start_
  std::size_t dropped = 0;
  for (;;) {
    const auto* found =
        static_cast<const char*>(std::memchr(buffer_.data() + start_ + looked_at, '\n', end_ - start_ - looked_at));
    std::size_t length = found != nullptr ? static_cast<std::size_t>(found - buffer_.data()) - start_ : end_ - start_;
    if (found == nullptr && !at_end_) {
      looked_at = length;
      if (length > options_.max_line_bytes) {
        dropped += length - options_.max_line_bytes;
        end_ = start_ + options_.max_line_bytes;
        looked_at = options_.max_line_bytes;
      }
      ZUBR_CHECK(read_more());
      continue;
    }
    if (found == nullptr && length == 0) return false;
    ++line_number_;
    too_long_ = dropped > 0 || length > options_.max_line_bytes;
    line_ = {buffer_.data() + start_, std::min(length, options_.max_line_bytes)};
    start_ += length + (found != nullptr ? 1 : 0);
    return true;
  }
}

Result<void> JsonlReader::note_members(std::string_view object) {
  bool too_many = false;
  visit_members(object, [&](std::string_view key, std::string_view value) {
    const std::string_view name = key_text(key, key_scratch_);
    auto found = numbers_.find(name);
    if (found == numbers_.end()) {
      if (keys_.size() == kMaxColumns) {
        too_many = true;
        return false;
      }
      found = numbers_.emplace(std::string(name), keys_.size()).first;
      keys_.push_back({std::string(name)});
    }
    KeyInfo& info = keys_[found->second];
    if (is_string(value)) {
      info.strings = true;
    } else if (value != "null") {
      info.others = true;
    }
    return true;
  });
  if (!too_many) return {};
  return fail(ErrorCode::kTooLarge, "line {} of {} brings the number of different keys over {}, the most for columns",
              line_number_, options_.name, kMaxColumns);
}

Result<void> JsonlReader::check_not_empty() {
  ZUBR_CHECK(read_more());
  if (end_ == 0)
    return fail(ErrorCode::kInvalidArgument, "{} is empty; it needs one JSON object a line", options_.name);
  if (std::string_view(buffer_.data(), end_).substr(0, 3) == "\xEF\xBB\xBF") start_ = 3;
  return {};
}

Result<bool> JsonlReader::next(ReadRow& row) {
  do {
    ZUBR_TRY(any, next_line());
    if (!any) return false;
  } while (line_.find_first_not_of(kSpace) == std::string_view::npos);
  row.error.clear();
  row.has_raw = true;
  const std::size_t from = line_.find_first_not_of(kSpace);
  std::string_view text = line_.substr(from, line_.find_last_not_of(kSpace) + 1 - from);
  if (too_long_) {
    row.error = message("line {}: longer than {} bytes, the most for a line", line_number_, options_.max_line_bytes);
    row.has_raw = false;
    return true;
  }
  if (const std::size_t good = core::utf8_valid_prefix(text); good != text.size()) {
    row.error = message("line {}: not valid UTF-8 (byte 0x{:02x}); save the file as UTF-8", line_number_,
                        static_cast<unsigned char>(text[good]));
    repaired_ = core::utf8_replace(text);
    text = repaired_;
  }
  if (const auto sound = check_json(text); !sound) {
    if (row.error.empty()) row.error = message("line {}: {}", line_number_, sound.error().message());
    row.has_raw = false;
    return true;
  }
  if (text.front() != '{') {
    if (row.error.empty()) row.error = message("line {}: not a JSON object: {{\"key\": value}}", line_number_);
    row.has_raw = false;
    return true;
  }
  ZUBR_CHECK(note_members(text));
  row.raw = text;
  return true;
}

std::vector<Column> JsonlReader::columns() const {
  std::vector<Column> columns;
  for (const KeyInfo& key : keys_) {
    const bool is_text = key.strings && !key.others;
    columns.push_back({key.name, is_text ? "VARCHAR" : "JSON", is_text});
  }
  return columns;
}

}  // namespace

Result<std::unique_ptr<RowReader>> open_jsonl(std::unique_ptr<ByteSource> source, const JsonlOptions& options) {
  auto reader = std::make_unique<JsonlReader>(std::move(source), options);
  ZUBR_CHECK(reader->check_not_empty());
  return reader;
}

std::shared_ptr<const RowCodec> make_jsonl_codec(const std::vector<Column>& columns) {
  ColumnNumbers numbers;
  for (const Column& column : columns) numbers.emplace(column.name, numbers.size());
  return std::make_shared<JsonlCodec>(std::move(numbers));
}

}  // namespace zubr::formats
