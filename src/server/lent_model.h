// The model that a request means: loaded, and not unloaded as long as the request holds it.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "inference/model_host.h"
#include "server/api_error.h"
#include "server/routes.h"

namespace zubr::server {

struct LentModel {
  std::shared_ptr<inference::Backend> backend;  // its tokens are counted in the metrics
  inference::ModelInfo info;
  std::chrono::nanoseconds load_time{0};  // how long it took to be there
  std::string scope = {};                 // names this one load of it: what is kept for it begins with this
};

// Waits while the model is loaded. 404 with the code model_not_found for a name that is none.
ApiResult<LentModel> lend(const Site& site, const inference::ModelWish& wish, std::stop_token stop);

// What a ModelHost says of a name; 404 with that code for one that is none.
ApiError model_error(const Error& error);

// LentModel::scope of a Backend.
std::string scope_of(const inference::Backend& backend);

// Where a chain of thought is asked for: the model's template has to know one.
std::optional<ApiError> check_thinking(const LentModel& model, bool wanted);

}  // namespace zubr::server
