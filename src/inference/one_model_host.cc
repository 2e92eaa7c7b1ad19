#include "inference/one_model_host.h"

namespace zubr::inference {

Result<std::shared_ptr<Backend>> OneModelHost::borrow(const ModelWish& wish, std::stop_token /*stop*/) {
  ZUBR_CHECK(resolve(wish.name));
  return std::shared_ptr<Backend>(std::shared_ptr<void>(), &backend_);
}

Result<std::string> OneModelHost::resolve(const std::string& name) const {
  if (name.empty() || name == info_.name || name == info_.name + ":latest") return info_.name;
  return fail(ErrorCode::kNotFound, "model '{}' is not served here; there is '{}' (see /v1/models)", name, info_.name);
}

std::vector<LoadedModel> OneModelHost::loaded() const {
  return {{.info = info_, .bytes = info_.bytes, .pinned = true}};
}

}  // namespace zubr::inference
