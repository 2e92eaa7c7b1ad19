#include "net/public_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace zubr::net {
namespace {

struct Range {
  std::uint32_t first;
  int bits;
};

// iana.org/assignments/iana-ipv4-special-registry, and multicast.
constexpr Range kSpecial[] = {
    {0x00000000, 8},                                      // this network
    {0x0A000000, 8},                                      // private
    {0x64400000, 10},                                     // shared, of providers
    {0x7F000000, 8},                                      // loopback
    {0xA9FE0000, 16},                                     // link-local; clouds answer questions about machines there
    {0xAC100000, 12},                                     // private
    {0xC0000000, 24},                                     // protocol assignments
    {0xC0000200, 24},                                     // documentation, here and below
    {0xC0586300, 24},                                     // 6to4 relays
    {0xC0A80000, 16},                                     // private
    {0xC6120000, 15},                                     // benchmarks
    {0xC6336400, 24}, {0xCB007100, 24}, {0xE0000000, 4},  // multicast
    {0xF0000000, 4},                                      // reserved, and broadcast
};

bool is_public_v4(std::uint32_t address) {
  return std::ranges::none_of(
      kSpecial, [&](const Range& range) { return address >> (32 - range.bits) == range.first >> (32 - range.bits); });
}

std::uint32_t big32(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

// Of iana.org/assignments/ipv6-address-space only 2000::/3 is the Internet, without what is special in it.
bool is_public_v6(const std::uint8_t* bytes) {
  const bool nat64 = big32(bytes) == 0x0064FF9B && big32(bytes + 4) == 0 && big32(bytes + 8) == 0;
  if (nat64) return is_public_v4(big32(bytes + 12));
  if (bytes[0] >> 5 != 1) return false;
  const std::uint32_t head = big32(bytes);
  if (head >> 9 == 0x20010000 >> 9) return false;  // 2001::/23: protocol assignments, tunnels
  if (head == 0x20010DB8) return false;            // documentation
  if (head >> 16 == 0x2002) return false;          // 6to4, which holds an IPv4 address
  return head >> 12 != 0x3FFF0;                    // 3fff::/20: documentation
}

}  // namespace

bool is_public_address(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    return is_public_v4(ntohl(v4.sin_addr.s_addr));
  }
  if (address.sa_family != AF_INET6) return false;
  sockaddr_in6 v6;
  std::memcpy(&v6, &address, sizeof v6);
  return is_public_v6(v6.sin6_addr.s6_addr);
}

}  // namespace zubr::net
