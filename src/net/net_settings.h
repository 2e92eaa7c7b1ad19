// The settings of the network: proxy, certificates, patience.
#pragma once

#include <vector>

#include "core/settings.h"
#include "net/http_client.h"

namespace zubr::net {

std::vector<core::Setting> net_settings();

// Where net.ca_file is not set, $SSL_CERT_FILE and $CURL_CA_BUNDLE are asked. kNotFound: that file is not there.
Result<HttpOptions> http_options(const core::Settings& settings, const core::Environment& environment);

}  // namespace zubr::net
