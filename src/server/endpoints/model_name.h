// The answer to a model that is not here, the same for every endpoint.
#pragma once

#include <fmt/format.h>

#include "server/api_error.h"
#include "server/routes.h"

namespace zubr::server {

inline ApiError model_not_found(const Site& site, std::string_view name) {
  ApiError error;
  error.status = 404;
  error.message = fmt::format("model '{}' is not served here; there is '{}' (see /v1/models)", name, site.model.name);
  error.param = "model";
  error.code = "model_not_found";
  return error;
}

}  // namespace zubr::server
