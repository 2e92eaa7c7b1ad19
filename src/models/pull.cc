#include "models/pull.h"

#include <algorithm>
#include <memory>
#include <set>
#include <system_error>

#include "core/text_file.h"
#include "formats/gguf_header.h"
#include "models/fetch/probe.h"
#include "models/hub/hub_client.h"
#include "models/keep.h"
#include "models/modelfile/go_template.h"
#include "models/registry/recipe_layers.h"
#include "models/registry/registry_client.h"
#include "net/url.h"

namespace zubr::models {
namespace {

namespace fs = std::filesystem;

enum class Role { kModel, kProjector, kOther };

// Something to fetch.
struct Piece {
  PullItem item;
  Role role = Role::kOther;
  DownloadRequest request;
  std::optional<Layer> layer = {};  // of a registry
  std::optional<DownloadedBlob> blob = {};
};

std::string_view what_of(LayerKind kind) {
  switch (kind) {
    case LayerKind::kModel: return "model";
    case LayerKind::kProjector: return "projector";
    case LayerKind::kAdapter: return "adapter";
    case LayerKind::kTemplate: return "template";
    case LayerKind::kSystem: return "system";
    case LayerKind::kParameters: return "parameters";
    case LayerKind::kMessages: return "messages";
    case LayerKind::kLicense: return "license";
    case LayerKind::kOther: return "other";
  }
  return "other";
}

// The hash says whether a mirror tells the truth, so there has to be one.
void add_mirrors(DownloadRequest& request, std::string_view base, const std::vector<std::string>& mirrors) {
  if (base.ends_with('/')) base.remove_suffix(1);
  if (!request.digest || request.sources.empty() || !request.sources.front().url.starts_with(base)) return;
  const std::string path = request.sources.front().url.substr(base.size());
  for (std::string_view mirror : mirrors) {
    if (mirror.ends_with('/')) mirror.remove_suffix(1);
    request.sources.push_back({std::string(mirror) + path});
  }
}

std::string short_name(const Digest& digest) { return digest.hex().substr(0, 12); }

}  // namespace

struct Puller::Work {
  const BlobStore& blobs;
  std::stop_token stop;
  PullReport report;
  std::vector<Piece> pieces;
  std::vector<std::string> shard_names;      // of a split model, in order
  std::unique_ptr<RegistryClient> registry;  // of a RegistryRef
  std::optional<RegistryRef> registry_ref;
  std::string manifest;

  void add(Piece piece) {
    piece.item.digest = piece.request.digest;
    piece.item.size = piece.request.size.value_or(0);
    piece.item.here = piece.item.digest && blobs.contains(*piece.item.digest);
    pieces.push_back(std::move(piece));
  }
};

Puller::Puller(net::HttpClient& client, fs::path home, PullOptions options)
    : client_(client),
      home_(std::move(home)),
      options_(std::move(options)),
      models_(home_ / "models"),
      references_(home_ / "blobs" / "references") {}

namespace {

// The names of the parts of a split model, in order; empty for a whole one. Titles are used as file names only when
// they are those of parts.
Result<std::vector<std::string>> split_parts(const Manifest& manifest, const RegistryRef& ref) {
  std::vector<std::string> names;
  for (const Layer& layer : manifest.layers)
    if (kind_of(layer) == LayerKind::kModel) names.push_back(layer.title);
  if (names.size() < 2) return std::vector<std::string>{};
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  const auto first = shard_of(names.front());
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto shard = shard_of(names[i]);
    if (!first || !shard || shard->stem != first->stem || shard->index != static_cast<int>(i) + 1 ||
        shard->count != static_cast<int>(names.size()) || !std::ranges::all_of(names[i], plain) ||
        names[i].starts_with('.'))
      return fail(ErrorCode::kUnsupported, "'{}' has several model files that are not the parts of one", ref_text(ref));
  }
  return names;
}

}  // namespace

Result<void> Puller::plan(Work& work, const RegistryRef& ref) {
  work.registry =
      std::make_unique<RegistryClient>(client_, options_.ollama_registry, options_.download, options_.credentials);
  work.registry_ref = ref;
  ZUBR_TRY(found, work.registry->manifest(ref, work.stop));
  work.manifest = std::move(found.text);
  int models = 0;
  bool tensors = false;
  ZUBR_TRY(split, split_parts(found.manifest, ref));
  work.shard_names = std::move(split);
  for (const Layer& layer : found.manifest.layers) {
    const LayerKind kind = kind_of(layer);
    tensors = tensors || layer.media_type == "application/vnd.ollama.image.tensor";
    if (kind == LayerKind::kOther) continue;
    models += kind == LayerKind::kModel ? 1 : 0;
    const Role role = kind == LayerKind::kModel       ? Role::kModel
                      : kind == LayerKind::kProjector ? Role::kProjector
                                                      : Role::kOther;
    ZUBR_TRY(request, work.registry->blob(ref, layer));
    if (ref.host.empty()) add_mirrors(request, options_.ollama_registry, options_.ollama_mirrors);
    const std::string file = layer.title.empty() ? short_name(layer.digest) : layer.title;
    work.add({{std::string(what_of(kind)), file}, role, std::move(request), layer});
  }
  if (models == 0)
    return fail(ErrorCode::kUnsupported, "'{}' has no GGUF file{}", ref_text(ref),
                tensors ? message(": its weights are kept as single tensors") : std::string());
  return {};
}

Result<void> Puller::plan(Work& work, const HubRef& ref) {
  HubClient hub(client_, options_.hf_endpoint, options_.hf_token, options_.download);
  ZUBR_TRY(files, hub.list(ref, work.stop));
  ZUBR_TRY(choice, choose_files(files, ref.selector, ref.repository));
  if (ref.selector.empty() && !choice.quantization.empty()) {
    HubRef full = ref;
    full.selector = choice.quantization;
    work.report.source = ref_text(full);
  }
  for (std::size_t i = 0; i < choice.files.size(); ++i) {
    const HubFile& file = choice.files[i];
    ZUBR_TRY(request, hub.resolve(ref, file, work.stop));
    add_mirrors(request, options_.hf_endpoint, options_.hf_mirrors);
    const bool split = choice.files.size() > 1;
    if (split) work.shard_names.push_back(fs::path(file.path).filename().string());
    work.add({{split ? message("part {} of {}", i + 1, choice.files.size()) : "model", file.path},
              Role::kModel,
              std::move(request)});
  }
  if (choice.projector) {
    ZUBR_TRY(request, hub.resolve(ref, *choice.projector, work.stop));
    add_mirrors(request, options_.hf_endpoint, options_.hf_mirrors);
    work.add({{"projector", choice.projector->path}, Role::kProjector, std::move(request)});
  }
  if (work.report.name.empty()) work.report.name = default_name(ref, choice.quantization);
  return {};
}

Result<void> Puller::plan(Work& work, const UrlRef& ref) {
  DownloadRequest request;
  request.sources = {{ref.url}};
  ZUBR_TRY(found, probe(client_, request, options_.download, work.stop));
  request.size = found.size;
  request.digest = found.digest;
  if (const auto url = net::Url::parse(ref.url); url && url->scheme == "http" && !url->is_loopback())
    work.report.notes.push_back(message("http: nothing proves that this file is the one that was meant"));
  const auto shard = shard_of(ref.url.substr(0, ref.url.find('?')));
  if (shard && shard->count > 1)
    return fail(ErrorCode::kUnsupported, "{} is one part of {}; pull split models as hf.co/user/repo:FILE", ref.url,
                shard->count);
  work.add({{"model", fs::path(ref.url.substr(0, ref.url.find('?'))).filename().string()},
            Role::kModel,
            std::move(request)});
  return {};
}

Result<void> Puller::plan(Work& work, const FileRef& ref) {
  std::error_code error;
  const std::uint64_t size = fs::file_size(ref.path, error);
  if (error) return fail(ErrorCode::kNotFound, "there is no file {}", ref.path);
  work.report.model = fs::absolute(ref.path, error);
  work.report.items.push_back({message("model, stays where it is"), ref.path, {}, size, true});
  return {};
}

// A name is ours to give again when the same source was pulled under it before.
Result<void> Puller::check_name(const std::string& name, const std::string& source, bool replace) const {
  ZUBR_CHECK(check_model_name(name));
  const auto known = models_.find(name);
  if (!known || replace || references_.source_of(name) == source) return {};
  return fail(ErrorCode::kAlreadyExists,
              "there is a model '{}' already ({}); choose another with --name, or add --replace", name,
              known->file.string());
}

Result<void> Puller::fetch(Work& work, const OnPull& progress) {
  std::uint64_t needed = 0;
  for (const Piece& piece : work.pieces) needed += piece.item.here ? 0 : piece.item.size;
  // For all pieces at once: the tenth shard must not be the one that finds the disk full. What is partly there is asked
  // for again by each download, exactly.
  if (work.pieces.size() > 1) ZUBR_CHECK(work.blobs.check_space(needed));
  for (std::size_t i = 0; i < work.pieces.size(); ++i) {
    Piece& piece = work.pieces[i];
    if (piece.request.size == 0U && piece.request.digest == sha256("")) {
      ZUBR_CHECK(work.blobs.put("", work.stop));
    }
    const OnDownload report = [&](const DownloadProgress& now) {
      if (progress) progress({i, work.pieces.size(), &piece.item, now});
    };
    auto blob = download(client_, work.blobs, piece.request, options_.download, report, work.stop);
    if (!blob && blob.error().code() == ErrorCode::kUnauthenticated && work.registry && work.registry->forget_token()) {
      ZUBR_TRY(again, work.registry->manifest(*work.registry_ref, work.stop));  // a token is good for minutes only
      ZUBR_TRY(request, work.registry->blob(*work.registry_ref, *piece.layer));
      blob = download(client_, work.blobs, request, options_.download, report, work.stop);
    }
    if (!blob) return fail(blob.error());
    work.report.fetched += blob->fetched;
    piece.item.digest = blob->digest;
    piece.item.size = blob->size;
    piece.blob = std::move(*blob);
  }
  return {};
}

Result<void> Puller::check(Work& work) {
  for (const Piece& piece : work.pieces) {
    if (piece.role == Role::kOther || !piece.blob) continue;
    const auto facts = inspect_model_file(piece.blob->file);
    if (facts) continue;
    if (facts.error().code() != ErrorCode::kCorrupt) return fail(facts.error());
    const auto counts = references_.counts();
    if (counts && !counts->contains(piece.blob->digest)) ZUBR_CHECK(work.blobs.remove(piece.blob->digest));
    return fail(ErrorCode::kCorrupt, "{} is not a model that can be loaded, and was removed: {}", piece.item.file,
                facts.error().message());
  }
  return {};
}

// What the small layers of a registry say about the use of the model.
Result<Modelfile> Puller::recipe(Work& work) const {
  Modelfile recipe;
  std::vector<std::string> left_out;
  for (const Piece& piece : work.pieces) {
    if (!piece.layer || !piece.blob) continue;
    const LayerKind kind = kind_of(*piece.layer);
    if (kind == LayerKind::kAdapter) recipe.adapters.push_back(piece.blob->file.string());
    if (piece.role != Role::kOther || kind == LayerKind::kAdapter) continue;
    ZUBR_TRY(text, core::read_text_file(piece.blob->file, kMaxRecipeLayer));
    ZUBR_CHECK(apply_layer(kind, text, recipe, left_out));
  }
  for (const std::string& name : left_out)
    work.report.notes.push_back(message("'{}' of its parameters or messages is not known here and left out", name));
  if (recipe.chat_template.empty()) return recipe;
  ZUBR_TRY(header, formats::read_gguf_header(work.report.model));
  if (header.chat_template()) {
    recipe.chat_template.clear();  // the file's own knows tools, and is what the model was trained with
  } else if (const auto jinja = jinja_of_go_template(recipe.chat_template);
             !jinja && looks_like_go_template(recipe.chat_template)) {
    work.report.notes.push_back(
        message("its template cannot be translated ({}): the model gets plain text", jinja.error().message()));
  }
  return recipe;
}

// llama.cpp finds the other parts of a split model by their names beside the first.
Result<void> Puller::link_shards(Work& work) {
  const fs::path folder = work.blobs.folder() / "sets" / work.pieces.front().blob->digest.hex();
  std::error_code error;
  fs::create_directories(folder, error);
  for (std::size_t i = 0; !error && i < work.shard_names.size(); ++i) {
    const fs::path link = folder / work.shard_names[i];
    fs::remove(link, error);
    fs::create_hard_link(work.pieces[i].blob->file, link, error);
  }
  if (error) return fail(ErrorCode::kIo, "cannot lay out the parts in {}: {}", folder.string(), error.message());
  work.report.model = folder / work.shard_names.front();
  return {};
}

Result<PullReport> Puller::pull(const ModelRef& ref, const PullWishes& wishes, const OnPull& progress,
                                std::stop_token stop) {
  ZUBR_TRY(blobs, BlobStore::open(home_ / "blobs"));
  Work work{blobs, stop, {}, {}, {}, {}, {}, {}};
  work.report.name = wishes.name;
  work.report.source = ref_text(ref);
  ZUBR_CHECK(std::visit([&](const auto& one) { return plan(work, one); }, ref));
  if (work.report.name.empty()) work.report.name = default_name(ref, "");
  ZUBR_CHECK(check_name(work.report.name, work.report.source, wishes.replace));
  if (!wishes.dry_run) {
    ZUBR_TRY(guard, blobs.keep_all(stop));
    ZUBR_CHECK(fetch(work, progress));
    ZUBR_CHECK(check(work));
    std::vector<Digest> needed;
    for (const Piece& piece : work.pieces) {
      needed.push_back(piece.blob->digest);
      if (piece.role == Role::kModel && work.report.model.empty()) work.report.model = piece.blob->file;
      if (piece.role == Role::kProjector) work.report.projector = piece.blob->file;
    }
    if (!work.shard_names.empty()) ZUBR_CHECK(link_shards(work));
    if (!work.manifest.empty())
      ZUBR_CHECK(core::write_text_file(home_ / "manifests" / (sha256(work.manifest).hex() + ".json"), work.manifest));
    if (options_.check) ZUBR_CHECK(options_.check(work.report.model));
    ZUBR_TRY(said, recipe(work));
    // First who needs the blobs, then the name: a crash between leaves files that nobody lists, never a name without.
    ZUBR_CHECK(references_.set(work.report.name, work.report.source, needed));
    ZUBR_CHECK(models_.add({work.report.model, work.report.name, work.report.projector, std::move(said)}, true));
  }
  if (!work.report.projector.empty())
    work.report.notes.push_back(message("the projector for images is {}", work.report.projector.string()));
  for (Piece& piece : work.pieces) work.report.items.push_back(std::move(piece.item));
  std::ranges::sort(work.report.notes);
  const auto repeated = std::ranges::unique(work.report.notes);
  work.report.notes.erase(repeated.begin(), repeated.end());
  return std::move(work.report);
}

Result<BlobStore::Garbage> collect_garbage(const fs::path& home, bool dry_run, std::stop_token stop) {
  ZUBR_TRY(blobs, BlobStore::open(home / "blobs"));
  return blobs.collect_garbage([&] { return needed_blobs(home, dry_run); }, dry_run, stop);
}

}  // namespace zubr::models
