// Media that a request names by their address, fetched where the server may.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "inference/generation.h"
#include "server/api_error.h"

namespace zubr::server {

// The bytes behind an address; must refuse those of private networks. Null: nothing is fetched.
using MediaFetcher = std::function<Result<std::string>(const std::string& url, std::stop_token stop)>;

// Replaces each url by its bytes; `param` is the field that errors name.
std::optional<ApiError> fetch_media(const MediaFetcher& fetcher, std::vector<inference::Message>& messages,
                                    std::string_view param, std::stop_token stop);

}  // namespace zubr::server
