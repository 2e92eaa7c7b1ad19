// What a registry says a model consists of (OCI image manifest, https://github.com/opencontainers/image-spec, and
// Docker's v2 schema 2, which is the same). Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "models/blobs/digest.h"

namespace zubr::models {

enum class LayerKind { kModel, kProjector, kAdapter, kTemplate, kSystem, kParameters, kMessages, kLicense, kOther };

struct Layer {
  std::string media_type;
  Digest digest;
  std::uint64_t size = 0;
  std::string title;  // annotation org.opencontainers.image.title; for display only, never a path
};

struct Manifest {
  Layer config;
  std::vector<Layer> layers;
};

inline constexpr std::string_view kManifestTypes =
    "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json";

// kCorrupt: not JSON, truncated, a digest that is none, a size below 0 or absurd, over 1,000 layers. kUnsupported: a
// list of manifests, an image without layers.
Result<Manifest> parse_manifest(std::string_view json);

// By media type; a GGUF title makes a model of an otherwise unknown layer.
LayerKind kind_of(const Layer& layer);

}  // namespace zubr::models
