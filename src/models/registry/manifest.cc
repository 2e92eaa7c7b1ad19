#include "models/registry/manifest.h"

#include <boost/json.hpp>

namespace zubr::models {
namespace {

namespace json = boost::json;
constexpr std::size_t kMaxLayers = 1000;
constexpr std::uint64_t kMaxLayerBytes = std::uint64_t{1} << 46;  // 64 TiB

std::string text_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains({key.data(), key.size()});
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

tl::unexpected<Error> corrupt(std::string_view why) {
  return fail(ErrorCode::kCorrupt, "the registry's manifest cannot be read: {}", why);
}

Result<Layer> read_layer(const json::value* value) {
  if (value == nullptr || !value->is_object()) return corrupt("a layer is no object");
  const json::object& object = value->get_object();
  ZUBR_TRY(digest, Digest::parse(text_at(object, "digest")));
  const auto* size = object.if_contains("size");
  if (size == nullptr || !size->is_int64() || size->get_int64() < 0 ||
      static_cast<std::uint64_t>(size->get_int64()) > kMaxLayerBytes)
    return corrupt("a layer has no size that can be");
  Layer layer{text_at(object, "mediaType"), digest, static_cast<std::uint64_t>(size->get_int64()), {}};
  if (const auto* annotations = object.if_contains("annotations"); annotations != nullptr && annotations->is_object())
    layer.title = text_at(annotations->get_object(), "org.opencontainers.image.title");
  return layer;
}

}  // namespace

Result<Manifest> parse_manifest(std::string_view text) {
  json::error_code error;
  const json::value root = json::parse({text.data(), text.size()}, error);
  if (error) return corrupt(error.message());
  if (!root.is_object()) return corrupt("it is no object");
  const json::object& object = root.get_object();
  if (object.contains("manifests"))
    return fail(ErrorCode::kUnsupported, "the registry has a list of manifests (one per platform) there, not a model");
  const auto* version = object.if_contains("schemaVersion");
  if (version == nullptr || !version->is_int64() || version->get_int64() != 2) return corrupt("schemaVersion is not 2");
  const auto* layers = object.if_contains("layers");
  if (layers == nullptr || !layers->is_array()) return corrupt("it has no layers");
  if (layers->get_array().size() > kMaxLayers) return corrupt("it has over 1,000 layers");
  auto config = read_layer(object.if_contains("config"));
  if (!config) return fail(config.error());
  Manifest manifest{std::move(*config), {}};
  for (const json::value& entry : layers->get_array()) {
    ZUBR_TRY(layer, read_layer(&entry));
    manifest.layers.push_back(std::move(layer));
  }
  if (manifest.layers.empty())
    return fail(ErrorCode::kUnsupported, "the registry's manifest has no layers: that is no model");
  return manifest;
}

LayerKind kind_of(const Layer& layer) {
  struct Known {
    std::string_view type;
    LayerKind kind;
  };
  constexpr Known kKnown[] = {
      {"application/vnd.ollama.image.model", LayerKind::kModel},
      {"application/vnd.docker.ai.gguf.v3", LayerKind::kModel},
      {"application/vnd.ollama.image.projector", LayerKind::kProjector},
      {"application/vnd.docker.ai.mmproj", LayerKind::kProjector},
      {"application/vnd.ollama.image.adapter", LayerKind::kAdapter},
      {"application/vnd.ollama.image.template", LayerKind::kTemplate},
      {"application/vnd.ollama.image.prompt", LayerKind::kTemplate},
      {"application/vnd.ollama.image.system", LayerKind::kSystem},
      {"application/vnd.ollama.image.params", LayerKind::kParameters},
      {"application/vnd.ollama.image.messages", LayerKind::kMessages},
      {"application/vnd.ollama.image.license", LayerKind::kLicense},
      {"application/vnd.docker.ai.license", LayerKind::kLicense},
  };
  for (const Known& known : kKnown)
    if (layer.media_type == known.type) return known.kind;
  return layer.title.ends_with(".gguf") ? LayerKind::kModel : LayerKind::kOther;
}

}  // namespace zubr::models
