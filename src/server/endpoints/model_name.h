// Which model a request means, the same for every endpoint.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

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

// The served model by its name, also with Ollama's ":latest" behind it. No name means it too.
inline bool is_served(const Site& site, std::string_view name) {
  constexpr std::string_view kLatest = ":latest";
  if (name.empty() || name == site.model.name) return true;
  return name.ends_with(kLatest) && name.substr(0, name.size() - kLatest.size()) == site.model.name;
}

inline std::optional<ApiError> check_model(const Site& site, std::string_view name) {
  if (is_served(site, name)) return std::nullopt;
  return model_not_found(site, name);
}

// Where a chain of thought is asked for: the model's template has to know one.
inline std::optional<ApiError> check_thinking(const Site& site, bool wanted) {
  if (!wanted || site.model.template_has_thinking) return std::nullopt;
  return bad_field("think", fmt::format("'{}' does not support thinking", site.model.name), "unsupported");
}

}  // namespace zubr::server
