// The model inside the program: assets/models/built-in.gguf, linked in whole, so that `zubr classify` works on a
// machine that has nothing but the program. assets/models/README.md says how it is made.
//
// Threads: any. The path names memory of this process (memfd_create(2)); it is good until the process ends and means
// nothing to another one.
#pragma once

#include <optional>

#include "models/model_store.h"

namespace zubr::app {

// Empty in a build without the file.
std::optional<models::ShippedModel> built_in_model();

}  // namespace zubr::app
