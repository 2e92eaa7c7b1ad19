#include "server/files/multipart.h"

#include <boost/beast/core/string.hpp>

namespace zubr::server {
namespace {

using boost::beast::iequals;

constexpr std::size_t kMostParts = 64;
constexpr std::size_t kLongestHead = 8u << 10;
constexpr std::size_t kLongestBoundary = 70;  // RFC 2046 5.1.1

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The value of `name` in `form-data; name="file"; filename="a;b.txt"`. In quotes, \" stands for ".
std::optional<std::string> parameter(std::string_view header, std::string_view name) {
  std::size_t at = header.find(';');
  while (at < header.size()) {
    std::size_t equals = header.find('=', ++at);
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view found = trimmed(header.substr(at, equals - at));
    std::string value;
    at = equals + 1;
    if (at < header.size() && header[at] == '"') {
      for (++at; at < header.size() && header[at] != '"'; ++at) {
        if (header[at] == '\\' && at + 1 < header.size() && (header[at + 1] == '"' || header[at + 1] == '\\')) ++at;
        value += header[at];
      }
      if (at >= header.size()) return std::nullopt;  // the quotes do not end
      at = header.find(';', at);
    } else {
      const std::size_t end = header.find(';', at);
      value = trimmed(header.substr(at, end - at));
      at = end;
    }
    if (iequals({found.data(), found.size()}, {name.data(), name.size()})) return value;
  }
  return std::nullopt;
}

Result<FormPart> parse_part(std::string_view part) {
  const std::size_t head_end = part.find("\r\n\r\n");
  if (head_end == std::string_view::npos || head_end > kLongestHead)
    return fail(ErrorCode::kInvalidArgument, "a part of the form has no header that ends within {} bytes",
                kLongestHead);
  FormPart found;
  std::string_view head = part.substr(0, head_end);
  found.content = part.substr(head_end + 4);
  for (bool more = true; more;) {
    const std::size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    const std::size_t colon = line.find(':');
    const std::string_view name = trimmed(line.substr(0, colon));
    if (colon != std::string_view::npos && iequals({name.data(), name.size()}, "Content-Disposition")) {
      found.name = parameter(line, "name").value_or("");
      found.file_name = parameter(line, "filename");
    }
    more = end != std::string_view::npos;
    if (more) head.remove_prefix(end + 2);
  }
  if (found.name.empty()) return fail(ErrorCode::kInvalidArgument, "a part of the form has no name");
  return found;
}

}  // namespace

Result<std::vector<FormPart>> parse_multipart(std::string_view content_type, std::string_view body) {
  const std::string_view type = trimmed(content_type.substr(0, content_type.find(';')));
  const std::string boundary = parameter(content_type, "boundary").value_or("");
  if (!iequals({type.data(), type.size()}, "multipart/form-data") || boundary.empty() ||
      boundary.size() > kLongestBoundary)
    return fail(ErrorCode::kInvalidArgument,
                "the body must be multipart/form-data with a boundary of 1 to {} characters; its type is '{}'",
                kLongestBoundary, content_type.substr(0, 100));
  const std::string delimiter = "\r\n--" + boundary;
  // The first delimiter may stand at the very beginning, without a line end before it.
  std::size_t at = 0;
  if (!body.starts_with(std::string_view(delimiter).substr(2))) {
    at = body.find(delimiter);
    if (at == std::string_view::npos) return fail(ErrorCode::kInvalidArgument, "the form does not begin");
    at += 2;
  }
  std::vector<FormPart> parts;
  for (;;) {
    at += delimiter.size() - 2;
    if (body.substr(at).starts_with("--")) return parts;
    while (at < body.size() && (body[at] == ' ' || body[at] == '\t')) ++at;
    if (!body.substr(at).starts_with("\r\n"))
      return fail(ErrorCode::kInvalidArgument, "a boundary of the form has no line end behind it");
    at += 2;
    const std::size_t end = body.find(delimiter, at);
    if (end == std::string_view::npos) return fail(ErrorCode::kInvalidArgument, "the form does not end");
    if (parts.size() == kMostParts) return fail(ErrorCode::kInvalidArgument, "the form has over {} parts", kMostParts);
    ZUBR_TRY(part, parse_part(body.substr(at, end - at)));
    parts.push_back(std::move(part));
    at = end + 2;
  }
}

}  // namespace zubr::server
