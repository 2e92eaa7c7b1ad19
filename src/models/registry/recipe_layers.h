// What a Modelfile says, as the layers of a manifest of the Ollama registry: template, system, params and messages as
// JSON, licences. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "models/modelfile/modelfile.h"
#include "models/registry/manifest.h"

namespace zubr::models {

inline constexpr std::size_t kMaxRecipeLayer = 256 << 10;

struct RecipeLayer {
  std::string media_type;
  std::string content;
  bool operator==(const RecipeLayer&) const = default;
};

std::vector<RecipeLayer> layers_of(const Modelfile& recipe);

// Puts what a layer says into the recipe; other kinds change nothing. What cannot be used (a parameter that does not
// exist, a role that is none) is left out and named in `left_out`. kCorrupt: no UTF-8, no JSON.
Result<void> apply_layer(LayerKind kind, std::string_view content, Modelfile& recipe,
                         std::vector<std::string>& left_out);

}  // namespace zubr::models
