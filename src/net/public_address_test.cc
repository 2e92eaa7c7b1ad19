#include "net/public_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include "net/http_client.h"
#include "net/testing/fault_server.h"

namespace zubr::net {
namespace {

bool is_public(const char* text) {
  sockaddr_storage storage{};
  auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
  if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
    storage.ss_family = AF_INET;
  } else {
    EXPECT_EQ(inet_pton(AF_INET6, text, &v6.sin6_addr), 1) << text;
    storage.ss_family = AF_INET6;
  }
  return is_public_address(reinterpret_cast<const sockaddr&>(storage));
}

TEST(PublicAddress, IsOneOfTheInternets) {
  for (const char* text :
       {"1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255",
        "172.32.0.0", "192.167.1.1", "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::200e", "64:ff9b::808:808"})
    EXPECT_TRUE(is_public(text)) << text;
}

TEST(PublicAddress, IsNoneOfOnesOwnNetworks) {
  for (const char* text :
       {"0.0.0.0",      "10.1.2.3",         "100.64.0.1",     "127.0.0.1",     "127.255.255.255", "169.254.169.254",
        "172.16.0.1",   "172.31.255.255",   "192.0.0.1",      "192.0.2.1",     "192.168.0.1",     "198.18.0.1",
        "198.51.100.1", "203.0.113.1",      "224.0.0.1",      "240.0.0.1",     "255.255.255.255", "::",
        "::1",          "::ffff:127.0.0.1", "::ffff:8.8.8.8", "fe80::1",       "fc00::1",         "fd12:3456::1",
        "ff02::1",      "2001:db8::1",      "2001::1",        "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b:1::1",
        "100::1",       "3fff::1"})
    EXPECT_FALSE(is_public(text)) << text;
}

// Checked at the moment of connecting, so that no name and no redirect leads around it.
TEST(PublicAddress, IsAllThatAClientReachesWhenItIsToldSo) {
  testing::FaultServer server([](const testing::Received&) { return testing::Reply{.body = "secret"}; });
  HttpClient client({.proxy = "none", .public_addresses_only = true});
  for (const std::string& url : {server.url("/a"), server.localhost_url("/a")}) {
    const auto refused = client.fetch({.url = url}, {});
    ASSERT_FALSE(refused) << url;
    EXPECT_EQ(refused.error().code(), ErrorCode::kPermissionDenied) << refused.error().message();
  }
  EXPECT_TRUE(server.requests().empty());
  HttpClient anywhere({.proxy = "none"});
  EXPECT_TRUE(anywhere.fetch({.url = server.url("/a")}, {}));
}

}  // namespace
}  // namespace zubr::net
