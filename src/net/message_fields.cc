#include "net/message_fields.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "net/headers.h"

namespace zubr::net {

std::optional<std::uint64_t> parse_length(std::string_view value) {
  value = trim(value);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (value.empty() || error != std::errc() || end != value.data() + value.size()) return std::nullopt;
  return number;
}

std::optional<ContentRange> parse_content_range(std::string_view value) {
  value = trim(value);
  if (value.size() < 6 || !equal_ignoring_case(value.substr(0, 6), "bytes ")) return std::nullopt;
  value = trim(value.substr(6));
  const std::size_t slash = value.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  ContentRange range;
  const std::string_view total = trim(value.substr(slash + 1));
  if (total != "*" && !(range.total = parse_length(total))) return std::nullopt;
  const std::string_view span = trim(value.substr(0, slash));
  if (span == "*") return range.total ? std::optional(range) : std::nullopt;
  const std::size_t dash = span.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = parse_length(span.substr(0, dash));
  const auto last = parse_length(span.substr(dash + 1));
  if (!first || !last || *first > *last || (range.total && *last >= *range.total)) return std::nullopt;
  range.satisfied = true;
  range.first = *first;
  range.last = *last;
  return range;
}

std::optional<std::string> parse_next_link(std::string_view value) {
  while (!value.empty()) {
    const std::size_t open = value.find('<');
    const std::size_t close = value.find('>', open);
    if (open == std::string_view::npos || close == std::string_view::npos) return std::nullopt;
    const std::string_view target = value.substr(open + 1, close - open - 1);
    value.remove_prefix(close + 1);
    const std::string_view parameters = value.substr(0, value.find('<'));
    if (parameters.find("rel=\"next\"") != std::string_view::npos ||
        parameters.find("rel=next") != std::string_view::npos)
      return std::string(target);
  }
  return std::nullopt;
}

std::string BearerChallenge::get(std::string_view name) const {
  const auto found = parameters.find(name);
  return found == parameters.end() ? std::string() : found->second;
}

std::optional<BearerChallenge> parse_bearer_challenge(std::string_view value) {
  value = trim(value);
  if (value.size() < 7 || !equal_ignoring_case(value.substr(0, 7), "bearer ")) return std::nullopt;
  value.remove_prefix(7);
  BearerChallenge challenge;
  while (!(value = trim(value)).empty()) {
    if (value.front() == ',') {
      value.remove_prefix(1);
      continue;
    }
    const std::size_t equals = value.find('=');
    if (equals == std::string_view::npos) break;
    std::string name(trim(value.substr(0, equals)));
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    value = trim(value.substr(equals + 1));
    std::string text;
    if (!value.empty() && value.front() == '"') {
      std::size_t at = 1;
      for (; at < value.size() && value[at] != '"'; ++at) {
        if (value[at] == '\\' && at + 1 < value.size()) ++at;
        text += value[at];
      }
      if (at >= value.size()) return std::nullopt;  // the quote is never closed
      value.remove_prefix(at + 1);
    } else {
      const std::size_t end = std::min(value.find(','), value.size());
      text = trim(value.substr(0, end));
      value.remove_prefix(end);
    }
    challenge.parameters.emplace(std::move(name), std::move(text));
  }
  return challenge;
}

}  // namespace zubr::net
