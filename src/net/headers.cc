#include "net/headers.h"

#include <algorithm>
#include <array>

namespace zubr::net {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_token_char(char c) {
  const bool alphanumeric = (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
  return alphanumeric || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

void Headers::set(std::string_view name, std::string value) {
  remove(name);
  add(std::string(name), std::move(value));
}

void Headers::remove(std::string_view name) {
  std::erase_if(list_, [&](const Header& header) { return equal_ignoring_case(header.name, name); });
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const Header& header : list_)
    if (equal_ignoring_case(header.name, name)) return header.value;
  return std::nullopt;
}

bool is_credential(std::string_view name) {
  constexpr std::array<std::string_view, 5> kNames = {"authorization", "proxy-authorization", "cookie", "x-api-key",
                                                      "api-key"};
  return std::ranges::any_of(kNames, [&](std::string_view known) { return equal_ignoring_case(known, name); });
}

bool is_valid_field(const Header& header) {
  if (header.name.empty() || !std::ranges::all_of(header.name, is_token_char)) return false;
  return header.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos;
}

}  // namespace zubr::net
