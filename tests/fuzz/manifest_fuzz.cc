// Any text as a registry's manifest and as its small layers.
#include <cstddef>
#include <cstdint>

#include "models/registry/manifest.h"
#include "models/registry/recipe_layers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace zubr::models;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto manifest = parse_manifest(text))
    for (const Layer& layer : manifest->layers) (void)kind_of(layer);
  for (const LayerKind kind : {LayerKind::kParameters, LayerKind::kMessages, LayerKind::kTemplate}) {
    Modelfile recipe;
    std::vector<std::string> left_out;
    // What is taken from a layer can be said in one again.
    if (apply_layer(kind, text, recipe, left_out))
      for (const RecipeLayer& layer : layers_of(recipe)) {
        Modelfile again;
        if (!apply_layer(kind_of({layer.media_type, sha256(""), 0, {}}), layer.content, again, left_out))
          __builtin_trap();
      }
  }
  return 0;
}
