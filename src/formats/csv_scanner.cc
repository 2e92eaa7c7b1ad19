#include "formats/csv_scanner.h"

#include <algorithm>
#include <cstring>

namespace zubr::formats {
namespace {

constexpr std::size_t kFirstBuffer = 1u << 20;

}  // namespace

CsvScanner::CsvScanner(std::unique_ptr<ByteSource> source, std::size_t max_cell_bytes)
    : source_(std::move(source)),
      max_cell_bytes_(max_cell_bytes),
      max_record_bytes_(std::max<std::size_t>(2 * max_cell_bytes, 4096)),
      buffer_(kFirstBuffer) {}

Result<std::size_t> CsvScanner::read_more() {
  ZUBR_TRY(got, source_->read(buffer_.data() + end_, buffer_.size() - end_));
  if (got == 0) at_end_ = true;
  end_ += got;
  return got;
}

Result<std::string_view> CsvScanner::peek(std::size_t size) {
  if (buffer_.size() < size + 4) buffer_.resize(size + 4);
  while (end_ < size + 3 && !at_end_) ZUBR_CHECK(read_more());
  if (std::string_view(buffer_.data(), end_).substr(0, 3) == "\xEF\xBB\xBF") start_ = position_ = 3;
  return std::string_view(buffer_.data() + start_, std::min(size, end_ - start_));
}

Result<bool> CsvScanner::refill(CsvRecord& record) {
  if (at_end_) return false;
  if (dropping_) {
    position_ = end_ = start_ + max_record_bytes_;
  } else if (end_ - start_ >= max_record_bytes_) {
    dropping_ = true;
    record.too_long = true;
    record.bad_field = record.field_count + 1;
    position_ = end_ = start_ + max_record_bytes_;
  }
  if (start_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + start_, end_ - start_);
    position_ -= start_;
    end_ -= start_;
    start_ = 0;
  }
  if (buffer_.size() - end_ < kFirstBuffer / 4) {
    buffer_.resize(std::min(2 * buffer_.size(), std::max(buffer_.size(), max_record_bytes_) + kFirstBuffer));
  }
  ZUBR_TRY(got, read_more());
  return got != 0;
}

void CsvScanner::count_lines(std::size_t from, std::size_t to) {
  line_ += std::count(buffer_.begin() + static_cast<std::ptrdiff_t>(from),
                      buffer_.begin() + static_cast<std::ptrdiff_t>(to), line_end_);
}

void CsvScanner::close_field(CsvRecord& record, std::size_t begin, std::size_t end, bool quoted) {
  ++record.field_count;
  if (dropping_) {
    // Of the field that went over the limit, the beginning stays.
    if (record.field_count == record.bad_field) record.fields.push_back({begin, max_record_bytes_, quoted});
    return;
  }
  if (end - begin > max_cell_bytes_ && !record.too_long) {
    record.too_long = true;
    record.bad_field = record.field_count;
  }
  record.fields.push_back({begin, end, quoted});
}

// position_ is behind the opening quote. Ends on a delimiter or line end, or false at the end of the file.
Result<bool> CsvScanner::scan_quoted(CsvRecord& record) {
  const std::size_t begin = position_ - start_;
  for (;;) {
    const auto* quote = static_cast<const char*>(std::memchr(buffer_.data() + position_, '"', end_ - position_));
    const std::size_t stop = quote != nullptr ? static_cast<std::size_t>(quote - buffer_.data()) : end_;
    count_lines(position_, stop);
    position_ = stop;
    if (quote == nullptr) {
      ZUBR_TRY(more, refill(record));
      if (more) continue;
      record.open_quote = true;
      if (record.bad_field == 0) record.bad_field = record.field_count + 1;
      close_field(record, begin, end_ - start_, true);
      return false;
    }
    ++position_;
    ZUBR_TRY(more, need(record));
    if (more && buffer_[position_] == '"') {
      ++position_;
      continue;
    }
    close_field(record, begin, position_ - start_ - 1, true);
    if (!more) return false;
    const char next = buffer_[position_];
    if (next == delimiter_ || next == line_end_) return true;
    if (next == '\r') {  // CRLF, or the last line without LF
      ++position_;
      ZUBR_TRY(after, need(record));
      if (!after) return false;
      if (buffer_[position_] == line_end_) return true;
    }
    record.text_after_quote = true;
    if (record.bad_field == 0) record.bad_field = record.field_count;
    --record.field_count;  // scan_unquoted closes it again, with the text behind it
    record.fields.resize(std::min(record.fields.size(), static_cast<std::size_t>(record.field_count)));
    return scan_unquoted(record, begin - 1);
  }
}

// Ends on a delimiter or line end, or false at the end of the file.
Result<bool> CsvScanner::scan_unquoted(CsvRecord& record, std::size_t begin) {
  for (;;) {
    const char* const data = buffer_.data();
    std::size_t at = position_;
    while (at < end_ && data[at] != delimiter_ && data[at] != line_end_) {
      if (data[at] == '"' || (data[at] == '\r' && (at + 1 == end_ || data[at + 1] != line_end_))) {
        record.loose_quotes = true;
      }
      ++at;
    }
    position_ = at;
    if (at < end_) break;
    ZUBR_TRY(more, refill(record));
    if (more) continue;
    close_field(record, begin, end_ - start_, false);
    return false;
  }
  std::size_t end = position_ - start_;
  if (buffer_[position_] == '\n' && end > begin && buffer_[position_ - 1] == '\r') --end;
  close_field(record, begin, end, false);
  return true;
}

Result<bool> CsvScanner::next(CsvRecord& record) {
  std::vector<CsvField> fields = std::move(record.fields);
  fields.clear();
  record = CsvRecord();
  record.fields = std::move(fields);
  dropping_ = false;
  start_ = position_;
  ZUBR_TRY(any, need(record));
  if (!any) return false;
  record.line = line_;
  bool more = true;
  while (more) {
    ZUBR_TRY(byte, need(record));
    if (byte && buffer_[position_] == '"') {
      ++position_;
      ZUBR_TRY(went_on, scan_quoted(record));
      more = went_on;
    } else {
      ZUBR_TRY(went_on, scan_unquoted(record, position_ - start_));
      more = went_on;
    }
    if (!more || buffer_[position_] == line_end_) break;
    ++position_;  // the delimiter
  }
  record.last_line = line_;
  std::size_t length = position_ - start_;
  if (dropping_) length = std::min(length, max_record_bytes_);
  if (more) {
    ++position_;
    ++line_;
    if (!dropping_ && line_end_ == '\n' && length > 0 && buffer_[start_ + length - 1] == '\r') --length;
  }
  record.bytes = {buffer_.data() + start_, length};
  return true;
}

}  // namespace zubr::formats
