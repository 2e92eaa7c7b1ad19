#include "server/origin_guard.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace zubr::server {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// "Example.com.:8080" → "example.com"; "[::1]:80" → "[::1]"; none when it is not host[:port].
std::optional<std::string> host_name(std::string_view host) {
  std::string_view port;
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    port = host.substr(end + 1);
    host = host.substr(0, end + 1);
  } else if (const auto colon = host.find(':'); colon != std::string_view::npos) {
    port = host.substr(colon);
    host = host.substr(0, colon);
  }
  if (!port.empty() && (port.front() != ':' || port.find_first_not_of("0123456789", 1) != std::string_view::npos))
    return std::nullopt;
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty()) return std::nullopt;
  return lower(host);
}

std::optional<unsigned> ipv4(std::string_view text) {
  unsigned address = 0;
  for (int part = 0; part < 4; ++part) {
    const auto dot = text.find('.');
    if ((dot == std::string_view::npos) != (part == 3)) return std::nullopt;
    const std::string_view number = text.substr(0, dot);
    unsigned value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error != std::errc{} || end != number.data() + number.size() || value > 255) return std::nullopt;
    address = address << 8 | value;
    text.remove_prefix(dot == std::string_view::npos ? text.size() : dot + 1);
  }
  return address;
}

}  // namespace

bool is_ipv4_loopback(std::string_view host) {
  const auto address = ipv4(host);
  return address && *address >> 24 == 127;
}

OriginGuard::OriginGuard(std::vector<std::string> allowed_hosts, std::vector<std::string> allowed_origins,
                         bool any_address)
    : any_address_(any_address) {
  for (const auto& host : allowed_hosts) {
    if (auto name = host_name(host)) hosts_.push_back(std::move(*name));
  }
  for (const auto& origin : allowed_origins) {
    origins_.push_back(lower(origin.ends_with('/') ? std::string_view(origin).substr(0, origin.size() - 1) : origin));
  }
}

bool OriginGuard::host_allowed(std::string_view host) const {
  const auto name = host_name(host);
  if (!name) return false;
  if (*name == "localhost" || name->ends_with(".localhost") || *name == "[::1]" || is_ipv4_loopback(*name)) return true;
  if (any_address_ && (ipv4(*name) || name->starts_with('['))) return true;
  return std::ranges::find(hosts_, *name) != hosts_.end();
}

OriginGuard::Origin OriginGuard::judge(std::string_view origin, std::string_view host) const {
  if (origin.empty()) return Origin::kNone;
  const std::string given = lower(origin);
  const bool listed = std::ranges::any_of(origins_, [&](const auto& one) { return one == "*" || one == given; });
  if (listed) return Origin::kAllowed;
  const std::string own = lower(host);
  if (given == "http://" + own || given == "https://" + own) return Origin::kSame;
  return Origin::kRefused;
}

}  // namespace zubr::server
