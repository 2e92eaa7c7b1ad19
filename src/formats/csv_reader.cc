#include "formats/csv_reader.h"

#include <algorithm>
#include <unordered_map>

#include "core/utf8.h"
#include "formats/csv_codec.h"
#include "formats/csv_scanner.h"

namespace zubr::formats {
namespace {

constexpr std::size_t kSampleBytes = 256u << 10;
constexpr std::size_t kMaxColumns = 4096;

class CsvReader final : public RowReader {
 public:
  CsvReader(CsvScanner scanner, CsvOptions options, char delimiter)
      : scanner_(std::move(scanner)), options_(std::move(options)), delimiter_(delimiter) {}

  Result<void> read_header();
  Result<bool> next(ReadRow& row) override;
  std::vector<Column> columns() const override { return columns_; }
  std::shared_ptr<const RowCodec> codec() const override {
    return std::make_shared<CsvCodec>(delimiter_, columns_.size());
  }

 private:
  std::string problem_of(const CsvRecord& record) const;
  bool blank(const CsvRecord& record) const {
    return record.field_count == 1 && record.fields.size() == 1 && !record.fields[0].quoted && record.bytes.empty();
  }
  std::string text_of(const CsvRecord& record, const CsvField& field) const;
  void encode(const CsvRecord& record);

  CsvScanner scanner_;
  CsvOptions options_;
  char delimiter_;
  std::vector<Column> columns_;
  CsvRecord record_;
  std::string encoded_;
};

std::string CsvReader::text_of(const CsvRecord& record, const CsvField& field) const {
  const std::size_t length = std::min(field.end - field.begin, options_.max_cell_bytes + 4);
  std::string_view part = record.bytes.substr(std::min(field.begin, record.bytes.size()), length);
  std::string text;
  if (field.quoted) {
    append_unquoted(text, part);
  } else {
    text = part;
  }
  if (text.size() > options_.max_cell_bytes) text.resize(core::utf8_truncate(text, options_.max_cell_bytes).size());
  return text;
}

Result<void> CsvReader::read_header() {
  ZUBR_TRY(any, scanner_.next(record_));
  while (any && blank(record_)) {
    ZUBR_TRY(another, scanner_.next(record_));
    any = another;
  }
  if (!any) {
    return fail(ErrorCode::kInvalidArgument, "{} is empty; its first line has to name the columns", options_.name);
  }
  if (record_.field_count > static_cast<std::int64_t>(kMaxColumns)) {
    return fail(ErrorCode::kTooLarge, "{} has {} columns; at most {} can be read", options_.name, record_.field_count,
                kMaxColumns);
  }
  if (record_.too_long || record_.open_quote) {
    return fail(ErrorCode::kInvalidArgument, "the first line of {} names no columns: {}", options_.name,
                problem_of(record_));
  }
  std::unordered_map<std::string, std::size_t> seen;
  for (const CsvField& field : record_.fields) {
    std::string name = core::utf8_replace(text_of(record_, field));
    const std::size_t number = columns_.size() + 1;
    if (name.find_first_not_of(" \t\r\n") == std::string::npos) {
      return fail(ErrorCode::kInvalidArgument, "column {} of {} has no name; the first line has to name all {} columns",
                  number, options_.name, record_.field_count);
    }
    if (const auto [at, inserted] = seen.emplace(name, number); !inserted) {
      return fail(ErrorCode::kInvalidArgument, "{} has two columns named '{}' (number {} and {}); rename one",
                  options_.name, name, at->second, number);
    }
    columns_.push_back({std::move(name), "VARCHAR", true});
  }
  return {};
}

std::string CsvReader::problem_of(const CsvRecord& record) const {
  const auto expected = static_cast<std::int64_t>(columns_.size());
  if (record.open_quote) {
    return message("line {}: the quote that opens field {} is never closed (the file ends on line {})", record.line,
                   record.bad_field, record.last_line);
  }
  if (record.too_long) {
    return message("line {}: field {} is longer than {} bytes, the most for a cell", record.line, record.bad_field,
                   options_.max_cell_bytes);
  }
  if (record.text_after_quote) {
    return message("line {}: text follows the closing quote of field {}; quotes inside a quoted field are doubled",
                   record.line, record.bad_field);
  }
  if (record.field_count != expected) {
    return message("line {}: {} fields where the header has {}", record.line, record.field_count, expected);
  }
  return {};
}

void CsvReader::encode(const CsvRecord& record) {
  encoded_.clear();
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) encoded_.push_back(delimiter_);
    if (i >= record.fields.size()) continue;
    const std::string text = text_of(record, record.fields[i]);
    append_csv_field(encoded_, text, text.empty() && !record.fields[i].quoted, delimiter_);
  }
}

Result<bool> CsvReader::next(ReadRow& row) {
  do {
    ZUBR_TRY(any, scanner_.next(record_));
    if (!any) return false;
  } while (blank(record_) && columns_.size() > 1);
  row.has_raw = true;
  row.raw = record_.bytes;
  row.error = problem_of(record_);
  if (!row.error.empty() || record_.loose_quotes) {
    encode(record_);
    row.raw = encoded_;
  }
  if (const std::size_t good = core::utf8_valid_prefix(row.raw); good != row.raw.size()) {
    if (row.error.empty()) {
      row.error = message("line {}: not valid UTF-8 (byte 0x{:02x}); save the file as UTF-8", record_.line,
                          static_cast<unsigned char>(row.raw[good]));
    }
    encoded_ = core::utf8_replace(row.raw);
    row.raw = encoded_;
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<RowReader>> open_csv(std::unique_ptr<ByteSource> source, const CsvOptions& options) {
  CsvScanner scanner(std::move(source), options.max_cell_bytes);
  ZUBR_TRY(sample, scanner.peek(kSampleBytes));
  if (sample.empty()) {
    return fail(ErrorCode::kInvalidArgument, "{} is empty; its first line has to name the columns", options.name);
  }
  if (sample.substr(0, 2) == "\xFF\xFE" || sample.substr(0, 2) == "\xFE\xFF") {
    return fail(ErrorCode::kUnsupported, "{} is UTF-16; convert it first: iconv -f UTF-16 -t UTF-8", options.name);
  }
  const bool old_mac = sample.find('\n') == std::string_view::npos && sample.find('\r') != std::string_view::npos;
  if (old_mac) scanner.set_line_end('\r');
  const char delimiter =
      options.delimiter ? *options.delimiter : detect_delimiter(sample, sample.size() < kSampleBytes);
  scanner.set_delimiter(delimiter);
  auto reader = std::make_unique<CsvReader>(std::move(scanner), options, delimiter);
  ZUBR_CHECK(reader->read_header());
  return reader;
}

}  // namespace zubr::formats
