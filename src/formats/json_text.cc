#include "formats/json_text.h"

#include <boost/json/basic_parser_impl.hpp>

#include <cstdint>

namespace zubr::formats {
namespace {

constexpr std::size_t kMaxDepth = 256;
constexpr std::string_view kSpace = " \t\r\n";

// Accepts everything: only the grammar is of interest.
struct AcceptingHandler {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  using Error = boost::json::error_code;
  using View = boost::json::string_view;

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) { return true; }
  bool on_object_end(std::size_t, Error&) { return true; }
  bool on_array_begin(Error&) { return true; }
  bool on_array_end(std::size_t, Error&) { return true; }
  bool on_key_part(View, std::size_t, Error&) { return true; }
  bool on_key(View, std::size_t, Error&) { return true; }
  bool on_string_part(View, std::size_t, Error&) { return true; }
  bool on_string(View, std::size_t, Error&) { return true; }
  bool on_number_part(View, Error&) { return true; }
  bool on_int64(std::int64_t, View, Error&) { return true; }
  bool on_uint64(std::uint64_t, View, Error&) { return true; }
  bool on_double(double, View, Error&) { return true; }
  bool on_bool(bool, Error&) { return true; }
  bool on_null(Error&) { return true; }
  bool on_comment_part(View, Error&) { return true; }
  bool on_comment(View, Error&) { return true; }
};

std::size_t skip_space(std::string_view text, std::size_t at) {
  const std::size_t found = text.find_first_not_of(kSpace, at);
  return found == std::string_view::npos ? text.size() : found;
}

// `at` is behind the opening quote; returns the position of the closing one.
std::size_t closing_quote(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return std::min(at, text.size());
}

std::size_t end_of_value(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') {
      at = closing_quote(text, at + 1);
      if (depth == 0) return std::min(at + 1, text.size());
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;
      if (--depth == 0) return at + 1;
    } else if (depth == 0 && (c == ',' || kSpace.find(c) != std::string_view::npos)) {
      return at;
    }
  }
  return text.size();
}

unsigned hex_at(std::string_view text, std::size_t at) {
  unsigned value = 0;
  for (std::size_t i = at; i < at + 4 && i < text.size(); ++i) {
    const char c = text[i];
    const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    value = value * 16 + static_cast<unsigned>(digit);
  }
  return value;
}

void append_code_point(std::string& out, unsigned code) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (code >> 6)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (code >> 12)));
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out.push_back(static_cast<char>(0xF0 | (code >> 18)));
    out.push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

}  // namespace

Result<void> check_json(std::string_view text) {
  thread_local boost::json::basic_parser<AcceptingHandler> parser([] {
    boost::json::parse_options options;
    options.max_depth = kMaxDepth;
    return options;
  }());
  parser.reset();
  boost::json::error_code error;
  std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (!error) used = std::min(text.size(), skip_space(text, used));
  if (!error && used < text.size()) error = boost::json::error::extra_data;
  if (error) return fail(ErrorCode::kCorrupt, "not JSON at character {}: {}", used + 1, error.message());
  return {};
}

void visit_members(std::string_view text, const MemberVisitor& visit) {
  std::size_t at = skip_space(text, 0) + 1;
  for (;;) {
    at = skip_space(text, at);
    if (at >= text.size() || text[at] != '"') return;
    const std::size_t key_end = closing_quote(text, at + 1);
    const std::string_view key = text.substr(at + 1, key_end - at - 1);
    at = skip_space(text, std::min(key_end + 1, text.size()));
    at = skip_space(text, std::min(at + 1, text.size()));  // the colon
    const std::size_t end = end_of_value(text, at);
    if (!visit(key, text.substr(at, end - at))) return;
    at = skip_space(text, end);
    if (at >= text.size() || text[at] != ',') return;
    ++at;
  }
}

bool has_escapes(std::string_view string_body) { return string_body.find('\\') != std::string_view::npos; }

void append_unescaped(std::string& out, std::string_view string_body) {
  for (std::size_t at = 0; at < string_body.size(); ++at) {
    const std::size_t escape = std::min(string_body.find('\\', at), string_body.size());
    out.append(string_body.substr(at, escape - at));
    at = escape + 1;
    if (at >= string_body.size()) return;
    switch (const char c = string_body[at]) {
      case 'b': out.push_back('\b'); break;
      case 'f': out.push_back('\f'); break;
      case 'n': out.push_back('\n'); break;
      case 'r': out.push_back('\r'); break;
      case 't': out.push_back('\t'); break;
      case 'u': {
        unsigned code = hex_at(string_body, at + 1);
        at += 4;
        if (code >= 0xD800 && code < 0xDC00) {
          code = 0x10000 + ((code - 0xD800) << 10) + (hex_at(string_body, at + 3) - 0xDC00);
          at += 6;
        }
        append_code_point(out, code);
        break;
      }
      default: out.push_back(c);
    }
  }
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  std::size_t from = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text.substr(from, at - from));
    from = at + 1;
    out.push_back('\\');
    switch (c) {
      case '"': out.push_back('"'); break;
      case '\\': out.push_back('\\'); break;
      case '\n': out.push_back('n'); break;
      case '\r': out.push_back('r'); break;
      case '\t': out.push_back('t'); break;
      default:
        out.append("u00");
        out.push_back(kHex[c >> 4]);
        out.push_back(kHex[c & 15]);
    }
  }
  out.append(text.substr(from));
  out.push_back('"');
}

}  // namespace zubr::formats
