#include "server/lent_model.h"

#include <fmt/format.h>

#include "server/metrics/metered_backend.h"

namespace zubr::server {

std::string scope_of(const inference::Backend& backend) { return fmt::format("{}:", fmt::ptr(&backend)); }

ApiError model_error(const Error& error) {
  ApiError answer = api_error(error);
  if (error.code() == ErrorCode::kNotFound) {
    answer.param = "model";
    answer.code = "model_not_found";
  }
  return answer;
}

ApiResult<LentModel> lend(const Site& site, const inference::ModelWish& wish, std::stop_token stop) {
  const auto asked = std::chrono::steady_clock::now();
  auto backend = site.host.borrow(wish, std::move(stop));
  if (!backend) return tl::unexpected(model_error(backend.error()));
  LentModel model{.backend = nullptr, .info = (*backend)->info(), .scope = scope_of(**backend)};
  model.load_time = std::chrono::steady_clock::now() - asked;
  model.backend = std::make_shared<MeteredBackend>(*std::move(backend), site.metrics);
  return model;
}

std::optional<ApiError> check_thinking(const LentModel& model, bool wanted) {
  if (!wanted || model.info.template_has_thinking) return std::nullopt;
  return bad_field("think", fmt::format("'{}' does not support thinking", model.info.name), "unsupported");
}

}  // namespace zubr::server
