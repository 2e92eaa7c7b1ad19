#include "net/net_settings.h"

#include <gtest/gtest.h>

#include <map>

#include "core/temp_dir.h"
#include "core/text_file.h"

namespace zubr::net {
namespace {

Result<HttpOptions> options_from(std::map<std::string, std::string> variables) {
  core::SettingsRegistry registry;
  registry.declare(net_settings());
  const core::Environment environment = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  ZUBR_TRY(settings, core::Settings::load(registry, "/nonexistent/config.toml", environment));
  return http_options(settings, environment);
}

TEST(NetSettings, TakeTheCertificatesFromTheUsualVariable) {
  const core::TempDir folder;
  const std::string file = (folder.path() / "ca.pem").string();
  ASSERT_TRUE(core::write_text_file(file, "x"));
  const auto options =
      options_from({{"SSL_CERT_FILE", file}, {"ZUBR_NET_PROXY", "http://p:1"}, {"ZUBR_NET_STALL_TIMEOUT_S", "0.5"}});
  ASSERT_TRUE(options) << options.error().message();
  EXPECT_EQ(options->ca_file, file);
  EXPECT_EQ(options->proxy, "http://p:1");
  EXPECT_EQ(options->stall_timeout, std::chrono::milliseconds{500});
}

TEST(NetSettings, NameAMissingCertificateFile) {
  const auto options = options_from({{"ZUBR_NET_CA_FILE", "/nowhere/ca.pem"}});
  ASSERT_FALSE(options);
  EXPECT_EQ(options.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(options.error().message().find("/nowhere/ca.pem"), std::string::npos);
}

}  // namespace
}  // namespace zubr::net
