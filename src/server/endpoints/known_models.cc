#include "server/endpoints/known_models.h"

#include <algorithm>

namespace zubr::server {

ShelfModel shelf_model(const Site& site, const inference::LoadedModel& loaded) {
  const inference::ModelInfo& info = loaded.info;
  return {.name = info.name,
          .bytes = info.bytes,
          .architecture = info.architecture,
          .parameters = info.parameters,
          .quantization = info.quantization,
          .context_tokens = info.context_tokens,
          .digest = {},
          .changed_at = std::chrono::system_clock::time_point(std::chrono::seconds(site.started_at))};
}

Result<std::vector<ShelfModel>> known_models(const Site& site) {
  std::vector<ShelfModel> models;
  if (site.shelf) {
    ZUBR_TRY(listed, site.shelf->list());
    models = std::move(listed);
  }
  for (const auto& loaded : site.host.loaded()) {
    if (loaded.loading) continue;
    const auto known = std::ranges::find(models, loaded.info.name, &ShelfModel::name);
    if (known == models.end())
      models.insert(models.begin(), shelf_model(site, loaded));
    else
      known->context_tokens = loaded.info.context_tokens;
  }
  return models;
}

}  // namespace zubr::server
