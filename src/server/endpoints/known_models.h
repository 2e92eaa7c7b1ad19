// The models that can be asked for: those on the shelf, and what is in memory without being there.
#pragma once

#include <vector>

#include "server/model_shelf.h"
#include "server/routes.h"

namespace zubr::server {

// As the shelf has them; `context_tokens` of those in memory is what they were loaded with.
Result<std::vector<ShelfModel>> known_models(const Site& site);

// Of one that is in memory. Its date is when the server started.
ShelfModel shelf_model(const Site& site, const inference::LoadedModel& loaded);

}  // namespace zubr::server
