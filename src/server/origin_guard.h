// OriginGuard: whom a browser may speak for.
//
// A page on the internet can make its own name resolve to 127.0.0.1 (DNS rebinding) and then read our answers; its
// requests carry its name in Host. It can also send, without reading the answer; those requests carry its Origin.
// So a Host has to be ours, and an Origin, where there is one, has to be this server itself or one that was allowed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace zubr::server {

class OriginGuard {
 public:
  // `any_address`: also a numeric address as Host (a public server is reached by it; no rebinding without a name).
  OriginGuard(std::vector<std::string> allowed_hosts, std::vector<std::string> allowed_origins, bool any_address);

  // A Host header's value: localhost, *.localhost, 127.x.x.x, [::1] with any port, or an allowed name.
  bool host_allowed(std::string_view host) const;

  enum class Origin {
    kNone,     // not from a browser, or a plain navigation
    kSame,     // a page of this server
    kAllowed,  // by allowed_origins: gets CORS headers
    kRefused,
  };
  Origin judge(std::string_view origin, std::string_view host) const;

 private:
  std::vector<std::string> hosts_;
  std::vector<std::string> origins_;
  bool any_address_;
};

// "127.0.0.1", "127.1.2.3": dotted, in 127.0.0.0/8.
bool is_ipv4_loopback(std::string_view host);

}  // namespace zubr::server
