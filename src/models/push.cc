#include "models/push.h"

#include <boost/json.hpp>

#include "models/blobs/blob_references.h"
#include "models/blobs/file_copy.h"
#include "models/hub/hub_files.h"
#include "models/keep.h"
#include "models/registry/recipe_layers.h"
#include "models/registry/registry_client.h"

namespace zubr::models {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
constexpr std::string_view kManifestType = "application/vnd.docker.distribution.manifest.v2+json";
constexpr std::string_view kConfigType = "application/vnd.docker.container.image.v1+json";
constexpr std::string_view kLayerPrefix = "application/vnd.ollama.image.";

struct Part {
  std::string media_type;
  UploadSource source;
  std::string title = {};  // of the parts of a split model
};

json::object layer_json(const Part& part) {
  json::object layer = {
      {"mediaType", part.media_type}, {"digest", part.source.digest.text()}, {"size", part.source.size}};
  if (!part.title.empty()) layer["annotations"] = {{"org.opencontainers.image.title", part.title}};
  return layer;
}

Part part_in_memory(std::string media_type, std::string content) {
  const Digest digest = sha256(content);
  const std::uint64_t size = content.size();
  return {std::move(media_type), {{}, std::move(content), digest, size}};
}

Result<Part> part_of_file(const fs::path& home, const fs::path& file, const std::string& kind, const OnBytes& progress,
                          const std::stop_token& stop) {
  std::error_code error;
  const std::uint64_t size = fs::file_size(file, error);
  if (error) return fail(ErrorCode::kNotFound, "there is no file {}", file.string());
  const auto named = Digest::parse(file.filename().string());
  if (named && fs::equivalent(file.parent_path(), home / "blobs", error))
    return Part{std::string(kLayerPrefix) + kind, {file, {}, *named, size}};
  ZUBR_TRY(digest, hash_file(file, progress, stop));
  return Part{std::string(kLayerPrefix) + kind, {file, {}, digest, size}};
}

std::string config_json(const ModelEntry& entry, const std::vector<Part>& parts) {
  json::array layers;
  for (const Part& part : parts) layers.push_back(json::string(part.source.digest.text()));
  return json::serialize(json::object{{"model_format", "gguf"},
                                      {"model_family", entry.facts.architecture},
                                      {"model_families", json::array{json::string(entry.facts.architecture)}},
                                      {"file_type", entry.facts.quantization},
                                      {"architecture", "amd64"},
                                      {"os", "linux"},
                                      {"rootfs", json::object{{"type", "layers"}, {"diff_ids", std::move(layers)}}}});
}

// The repository that the model was pulled from, if it is of the same registry: its blobs can be mounted.
std::string mountable(const std::string& source, const RegistryRef& target) {
  const auto ref = parse_model_ref(source);
  if (!ref) return {};
  const auto* registry = std::get_if<RegistryRef>(&*ref);
  return registry != nullptr && registry->host == target.host ? registry->repository : std::string();
}

Result<std::vector<Part>> parts_of(const fs::path& home, const ModelEntry& entry, const OnPush& progress,
                                   const std::stop_token& stop) {
  std::vector<Part> parts;
  const auto add = [&](const fs::path& file, const std::string& kind, const std::string& title) -> Result<void> {
    const auto hashing = [&](std::uint64_t done, std::uint64_t total) {
      if (progress) progress({parts.size(), 0, kind, done, total, true});
    };
    ZUBR_TRY(part, part_of_file(home, file, kind, hashing, stop));
    part.title = title;
    parts.push_back(std::move(part));
    return {};
  };
  ModelEntry bare = entry;
  bare.projector.clear();
  bare.recipe.adapters.clear();
  const std::vector<fs::path> models = files_of(bare);
  for (const fs::path& file : models)
    ZUBR_CHECK(add(file, "model", models.size() > 1 ? file.filename().string() : std::string()));
  if (!entry.projector.empty()) ZUBR_CHECK(add(entry.projector, "projector", ""));
  for (const std::string& adapter : entry.recipe.adapters) ZUBR_CHECK(add(adapter, "adapter", ""));
  for (RecipeLayer& layer : layers_of(entry.recipe))
    parts.push_back(part_in_memory(std::move(layer.media_type), std::move(layer.content)));
  return parts;
}

}  // namespace

Pusher::Pusher(net::HttpClient& client, fs::path home, PushOptions options)
    : client_(client), home_(std::move(home)), options_(std::move(options)) {}

Result<PushReport> Pusher::push(const ModelEntry& entry, const RegistryRef& ref, const OnPush& progress,
                                std::stop_token stop) {
  if (ref.digest)
    return fail(ErrorCode::kInvalidArgument, "'{}' names a digest; push to a tag: {}", ref_text(ref),
                ref_text(RegistryRef{ref.host, ref.repository, ref.tag, {}}));
  ZUBR_TRY(blobs, BlobStore::open(home_ / "blobs"));
  ZUBR_TRY(guard, blobs.keep_all(stop));
  ZUBR_TRY(parts, parts_of(home_, entry, progress, stop));
  const std::string source = BlobReferences(home_ / "blobs" / "references").source_of(entry.name).value_or("");
  const std::string mount = mountable(source, ref);
  json::array layers;
  for (const Part& part : parts) layers.push_back(layer_json(part));
  parts.push_back(part_in_memory(std::string(kConfigType), config_json(entry, parts)));
  RegistryAuth auth(client_, options_.network, options_.credentials);
  Uploader uploader(client_, options_.network, auth, registry_base(ref, options_.ollama_registry), ref.repository,
                    home_ / "uploads", options_.chunk_bytes);
  PushReport report{ref_text(ref), {}};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string& type = parts[i].media_type;
    const std::string what = type.starts_with(kLayerPrefix) ? type.substr(kLayerPrefix.size()) : "config";
    const auto show = [&](std::uint64_t done, std::uint64_t total) {
      if (progress) progress({i, parts.size(), what, done, total, false});
    };
    ZUBR_TRY(done, uploader.upload(parts[i].source, mount, show, stop));
    report.blobs += 1;
    report.there += done.kind == UploadKind::kThere ? 1 : 0;
    report.mounted += done.kind == UploadKind::kMounted ? 1 : 0;
    report.sent += done.sent;
  }
  const std::string manifest = json::serialize(json::object{
      {"schemaVersion", 2}, {"mediaType", kManifestType}, {"config", layer_json(parts.back())}, {"layers", layers}});
  ZUBR_CHECK(uploader.put_manifest(ref.tag, std::string(kManifestType), manifest, stop));
  report.digest = sha256(manifest).text();
  return report;
}

}  // namespace zubr::models
