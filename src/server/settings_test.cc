#include "server/settings.h"

#include <gtest/gtest.h>

namespace zubr::server {
namespace {

core::Settings load(const core::SettingsRegistry& registry) {
  auto settings = core::Settings::load(registry, "", [](const std::string&) { return std::nullopt; });
  EXPECT_TRUE(settings.has_value());
  return *std::move(settings);
}

TEST(ServerSettings, DefaultToTheLimitsOfTheHeader) {
  core::SettingsRegistry registry;
  registry.declare(server_settings());
  const ServerOptions options = server_options(load(registry));
  const ServerLimits built_in;
  EXPECT_FALSE(options.allow_public);
  EXPECT_TRUE(options.allowed_hosts.empty());
  EXPECT_EQ(options.limits.body_bytes, built_in.body_bytes);
  EXPECT_EQ(options.limits.connections, built_in.connections);
  EXPECT_EQ(options.limits.concurrent_requests, built_in.concurrent_requests);
  EXPECT_EQ(options.limits.queued_requests, built_in.queued_requests);
  EXPECT_EQ(options.limits.idle_timeout, built_in.idle_timeout);
  EXPECT_EQ(options.limits.body_timeout, built_in.body_timeout);
  EXPECT_EQ(options.limits.write_timeout, built_in.write_timeout);
}

TEST(ServerSettings, ReadListsAndSeconds) {
  core::SettingsRegistry registry;
  registry.declare(server_settings());
  auto settings = load(registry);
  ASSERT_TRUE(settings.set_flag("serve.allowed_hosts", "a.lan, b.lan,"));
  ASSERT_TRUE(settings.set_flag("serve.write_timeout", "0.5"));
  const ServerOptions options = server_options(settings);
  EXPECT_EQ(options.allowed_hosts, (std::vector<std::string>{"a.lan", "b.lan"}));
  EXPECT_EQ(options.limits.write_timeout, std::chrono::milliseconds(500));
}

}  // namespace
}  // namespace zubr::server
