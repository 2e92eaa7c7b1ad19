#include "server/origin_guard.h"

#include <gtest/gtest.h>

namespace zubr::server {
namespace {

TEST(OriginGuard, KnowsLoopbackNamesInAllTheirForms) {
  const OriginGuard guard({}, {}, false);
  for (const char* host :
       {"localhost", "LocalHost:8080", "localhost.", "127.0.0.1", "127.1.2.3:1", "[::1]", "[::1]:80", "a.localhost"})
    EXPECT_TRUE(guard.host_allowed(host)) << host;
  for (const char* host :
       {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil", "128.0.0.1", "127.1",
        "127.0.0.256", "[::1", "[::2]", "localhost:80:80", "localhost:x", "notlocalhost", ":80", "10.0.0.1"})
    EXPECT_FALSE(guard.host_allowed(host)) << host;
}

TEST(OriginGuard, AllowsConfiguredNamesAndOnAPublicServerAddresses) {
  const OriginGuard guard({"Box.lan"}, {}, true);
  EXPECT_TRUE(guard.host_allowed("box.lan:8080"));
  EXPECT_TRUE(guard.host_allowed("10.0.0.1"));
  EXPECT_TRUE(guard.host_allowed("[fe80::1]:80"));
  EXPECT_FALSE(guard.host_allowed("evil.example")) << "a name can be rebound";
}

TEST(OriginGuard, TellsItsOwnPagesFromForeignOnes) {
  using Origin = OriginGuard::Origin;
  const OriginGuard guard({}, {"https://app.example/"}, false);
  EXPECT_EQ(guard.judge("", "localhost:1"), Origin::kNone);
  EXPECT_EQ(guard.judge("http://localhost:1", "localhost:1"), Origin::kSame);
  EXPECT_EQ(guard.judge("http://localhost:2", "localhost:1"), Origin::kRefused) << "another program of this machine";
  EXPECT_EQ(guard.judge("HTTPS://APP.example", "localhost:1"), Origin::kAllowed);
  EXPECT_EQ(guard.judge("https://app.example.evil", "localhost:1"), Origin::kRefused);
  EXPECT_EQ(guard.judge("null", "localhost:1"), Origin::kRefused);
  EXPECT_EQ(OriginGuard({}, {"*"}, false).judge("https://any.example", "localhost"), Origin::kAllowed);
}

}  // namespace
}  // namespace zubr::server
