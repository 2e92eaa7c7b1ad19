#include "net/net_settings.h"

namespace zubr::net {

std::vector<core::Setting> net_settings() {
  using core::SettingType;
  return {
      {.name = "net.proxy",
       .help =
           "The proxy for everything fetched; empty follows http_proxy, https_proxy and no_proxy, 'none' uses none.",
       .example = "http://proxy.example.com:3128",
       .where = "pull"},
      {.name = "net.ca_file",
       .help = "Certificates to trust instead of the system's, as a PEM file; empty follows SSL_CERT_FILE.",
       .example = "/etc/ssl/company.pem",
       .where = "pull"},
      {.name = "net.connect_timeout_s",
       .type = SettingType::kNumber,
       .fallback = "15",
       .help = "Seconds to wait for a connection.",
       .example = "30",
       .min = 0.1,
       .max = 3600,
       .where = "pull"},
      {.name = "net.stall_timeout_s",
       .type = SettingType::kNumber,
       .fallback = "30",
       .help = "Seconds without a byte after which a transfer counts as stalled and is begun again.",
       .example = "60",
       .min = 0.1,
       .max = 3600,
       .where = "pull"},
  };
}

Result<HttpOptions> http_options(const core::Settings& settings, const core::Environment& environment) {
  const auto milliseconds = [&](std::string_view name) {
    return std::chrono::milliseconds{static_cast<std::int64_t>(settings.number(name) * 1000)};
  };
  HttpOptions options;
  options.proxy = settings.text("net.proxy");
  options.ca_file = settings.text("net.ca_file");
  for (const char* name : {"SSL_CERT_FILE", "CURL_CA_BUNDLE"})
    if (options.ca_file.empty()) options.ca_file = environment(name).value_or("");
  std::error_code error;
  if (!options.ca_file.empty() && !std::filesystem::is_regular_file(options.ca_file, error))
    return fail(ErrorCode::kNotFound, "the certificate file {} is not there; check net.ca_file or SSL_CERT_FILE",
                options.ca_file.string());
  options.connect_timeout = milliseconds("net.connect_timeout_s");
  options.stall_timeout = milliseconds("net.stall_timeout_s");
  return options;
}

}  // namespace zubr::net
