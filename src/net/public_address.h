// Whether an address is one of the Internet's, or of a network that strangers must not reach through us. Pure.
#pragma once

struct sockaddr;

namespace zubr::net {

// False for loopback, private, link-local, shared, documentation, multicast and reserved addresses (IANA's registries
// of special-purpose addresses, RFC 6890), for IPv6 addresses that hold an IPv4 one that is not public, and for what is
// neither IPv4 nor IPv6.
bool is_public_address(const sockaddr& address);

}  // namespace zubr::net
