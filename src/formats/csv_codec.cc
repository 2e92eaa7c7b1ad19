#include "formats/csv_codec.h"

#include <cstring>

namespace zubr::formats {
namespace {

// A field of a well-formed record, as it stands there.
struct Slice {
  std::string_view text;  // without the outer quotes
  bool quoted = false;
  bool doubled = false;  // has "" inside
};

// Takes the field at `at`; `at` ends on the delimiter after it, or at the end.
Slice take_field(std::string_view raw, std::size_t& at, char delimiter) {
  Slice slice;
  const char* const begin = raw.data() + at;
  const char* const end = raw.data() + raw.size();
  if (begin == end || *begin != '"') {
    const auto* found = static_cast<const char*>(std::memchr(begin, delimiter, static_cast<std::size_t>(end - begin)));
    const char* const stop = found != nullptr ? found : end;
    slice.text = {begin, static_cast<std::size_t>(stop - begin)};
    at += slice.text.size();
    return slice;
  }
  slice.quoted = true;
  const char* cursor = begin + 1;
  for (;;) {
    const auto* quote = static_cast<const char*>(std::memchr(cursor, '"', static_cast<std::size_t>(end - cursor)));
    if (quote == nullptr) {  // not well formed; take what there is
      cursor = end;
      slice.text = {begin + 1, static_cast<std::size_t>(end - begin - 1)};
      break;
    }
    cursor = quote + 1;
    if (cursor < end && *cursor == '"') {
      slice.doubled = true;
      ++cursor;
      continue;
    }
    slice.text = {begin + 1, static_cast<std::size_t>(quote - begin - 1)};
    break;
  }
  at += static_cast<std::size_t>(cursor - begin);
  return slice;
}

Field plain(const Slice& slice) {
  if (!slice.quoted && slice.text.empty()) return {};
  return {slice.text, Field::Kind::kText};
}

}  // namespace

void append_unquoted(std::string& out, std::string_view quoted) {
  std::size_t at = 0;
  for (;;) {
    const std::size_t quote = quoted.find('"', at);
    if (quote == std::string_view::npos) break;
    out.append(quoted.substr(at, quote + 1 - at));
    at = quote + 2;
    if (at >= quoted.size()) return;
  }
  out.append(quoted.substr(at));
}

void CsvCodec::decode(std::string_view raw, std::vector<Field>& fields, std::string& scratch) const {
  fields.clear();
  scratch.clear();
  scratch.reserve(raw.size());  // never more than that: the views below stay valid
  std::size_t at = 0;
  for (std::size_t i = 0; i < columns_; ++i) {
    const Slice slice = take_field(raw, at, delimiter_);
    if (slice.doubled) {
      const std::size_t from = scratch.size();
      append_unquoted(scratch, slice.text);
      fields.push_back({std::string_view(scratch).substr(from), Field::Kind::kText});
    } else {
      fields.push_back(plain(slice));
    }
    if (at < raw.size()) ++at;
  }
}

Field CsvCodec::field(std::string_view raw, std::size_t column, std::string& scratch) const {
  std::size_t at = 0;
  for (std::size_t i = 0; i < column; ++i) {
    take_field(raw, at, delimiter_);
    if (at < raw.size()) ++at;
  }
  const Slice slice = take_field(raw, at, delimiter_);
  if (!slice.doubled) return plain(slice);
  scratch.clear();
  append_unquoted(scratch, slice.text);
  return {scratch, Field::Kind::kText};
}

void append_csv_field(std::string& out, std::string_view text, bool is_null, char delimiter) {
  if (is_null) return;
  bool plain_text = !text.empty();
  for (const char c : text) {
    if (c == delimiter || c == '"' || c == '\n' || c == '\r') {
      plain_text = false;
      break;
    }
  }
  if (plain_text) {
    out.append(text);
    return;
  }
  out.push_back('"');
  for (;;) {
    const std::size_t quote = text.find('"');
    if (quote == std::string_view::npos) break;
    out.append(text.substr(0, quote + 1));
    out.push_back('"');
    text.remove_prefix(quote + 1);
  }
  out.append(text);
  out.push_back('"');
}

}  // namespace zubr::formats
