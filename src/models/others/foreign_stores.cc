#include "models/others/foreign_stores.h"

#include <algorithm>

#include "core/nearest.h"
#include "core/text_file.h"
#include "formats/gguf_header.h"
#include "models/blobs/blob_references.h"
#include "models/hub/hub_files.h"
#include "models/modelfile/go_template.h"
#include "models/registry/recipe_layers.h"

namespace zubr::models {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMaxManifest = 4 << 20;
constexpr std::size_t kMaxRefFile = 1 << 10;
constexpr int kMostModels = 10'000;
constexpr std::string_view kOllamaHost = "registry.ollama.ai";

Result<fs::path> below_home(const core::Environment& environment, const fs::path& rest) {
  const auto home = environment("HOME");
  if (!home || home->empty())
    return fail(ErrorCode::kNotFound, "HOME is not set, so {} cannot be found", rest.string());
  return fs::path(*home) / rest;
}

// The file behind a path, when it is a regular one inside `root`, links followed.
Result<fs::path> file_inside(const fs::path& root, const fs::path& path) {
  std::error_code error;
  const fs::path real = fs::canonical(path, error);
  if (error) return fail(ErrorCode::kNotFound, "there is no file {}", path.string());
  const fs::path base = fs::canonical(root, error);
  const auto [end, unused] = std::mismatch(base.begin(), base.end(), real.begin(), real.end());
  if (error || end != base.end())
    return fail(ErrorCode::kCorrupt, "{} leads out of {}, to {}; that is not followed", path.string(), root.string(),
                real.string());
  if (!fs::is_regular_file(real, error)) return fail(ErrorCode::kCorrupt, "{} is no file", path.string());
  return real;
}

fs::path manifest_path(const fs::path& folder, const RegistryRef& ref) {
  const std::string host = ref.host.empty() ? std::string(kOllamaHost) : ref.host;
  return folder / "manifests" / host / ref.repository / ref.tag;
}

// "llama3.1:8b" of ".../registry.ollama.ai/library/llama3.1/8b"; empty for what is no name.
std::string name_of(const fs::path& relative) {
  std::vector<std::string> parts;
  for (const fs::path& part : relative) parts.push_back(part.string());
  if (parts.size() < 3) return {};
  std::string text;
  const bool usual = parts[0] == kOllamaHost;
  std::size_t first = usual ? 1 : 0;
  if (usual && parts.size() == 4 && parts[1] == "library") first = 2;
  for (std::size_t i = first; i + 1 < parts.size(); ++i) text += (text.empty() ? "" : "/") + parts[i];
  text += ":" + parts.back();
  return parse_model_ref(text) ? text : std::string();
}

Result<Manifest> read_manifest(const fs::path& folder, const fs::path& path) {
  ZUBR_TRY(file, file_inside(folder, path));
  ZUBR_TRY(text, core::read_text_file(file, kMaxManifest));
  auto manifest = parse_manifest(text);
  if (!manifest) return fail(manifest.error().context(path.string()));
  return std::move(*manifest);
}

Result<fs::path> blob_file(const fs::path& folder, const Layer& layer) {
  ZUBR_TRY(file, file_inside(folder, folder / "blobs" / layer.digest.file_name()));
  std::error_code error;
  if (const std::uint64_t size = fs::file_size(file, error); error || size != layer.size)
    return fail(ErrorCode::kCorrupt, "{} has {} bytes, not the {} that its manifest says", file.string(), size,
                layer.size);
  return file;
}

tl::unexpected<Error> not_in_ollama(const fs::path& folder, const std::string& wanted) {
  const auto models = list_ollama(folder);
  std::vector<std::string> names;
  if (models)
    for (const ForeignModel& model : *models) names.push_back(model.name);
  if (names.empty()) return fail(ErrorCode::kNotFound, "Ollama keeps no models in {}", folder.string());
  const auto near = core::nearest(wanted, names);
  return fail(ErrorCode::kNotFound, "Ollama has no '{}' in {}{}; it has {}", wanted, folder.string(),
              near ? message(", did you mean '{}'?", *near) : std::string(), fmt::join(names, ", "));
}

Result<void> apply_recipe_layer(const fs::path& file, LayerKind kind, ForeignFiles& found) {
  std::vector<std::string> left_out;
  ZUBR_TRY(text, core::read_text_file(file, kMaxRecipeLayer));
  ZUBR_CHECK(apply_layer(kind, text, found.recipe, left_out));
  for (const std::string& name : left_out)
    found.notes.push_back(message("'{}' of its parameters or messages is not known here and left out", name));
  return {};
}

}  // namespace

Result<fs::path> ollama_folder(const core::Environment& environment) {
  if (const auto set = environment("OLLAMA_MODELS"); set && !set->empty()) return fs::path(*set);
  return below_home(environment, ".ollama/models");
}

Result<fs::path> hub_cache_folder(const core::Environment& environment) {
  for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"})
    if (const auto set = environment(name); set && !set->empty()) return fs::path(*set);
  if (const auto set = environment("HF_HOME"); set && !set->empty()) return fs::path(*set) / "hub";
  return below_home(environment, ".cache/huggingface/hub");
}

Result<std::vector<ForeignModel>> list_ollama(const fs::path& folder) {
  std::error_code error;
  const fs::path manifests = folder / "manifests";
  fs::recursive_directory_iterator at(manifests, error);  // does not follow links
  if (error) return fail(ErrorCode::kNotFound, "there is no store of Ollama in {}", folder.string());
  std::vector<ForeignModel> models;
  for (int seen = 0; at != fs::recursive_directory_iterator() && seen < kMostModels; at.increment(error), ++seen) {
    if (error) break;
    if (at.depth() > 8) at.disable_recursion_pending();
    if (!at->is_regular_file(error) || at->is_symlink(error)) continue;
    const std::string name = name_of(at->path().lexically_relative(manifests));
    const auto manifest = name.empty() ? fail(ErrorCode::kCorrupt, "") : read_manifest(folder, at->path());
    if (!manifest) continue;
    ForeignModel model{name};
    bool usable = false;
    for (const Layer& layer : manifest->layers) {
      model.bytes += layer.size;
      usable = usable || kind_of(layer) == LayerKind::kModel;
    }
    if (usable) models.push_back(std::move(model));
  }
  std::ranges::sort(models, {}, &ForeignModel::name);
  return models;
}

Result<ForeignFiles> find_in_ollama(const fs::path& folder, const RegistryRef& ref) {
  const std::string wanted = ref.repository.starts_with("library/") ? ref.repository.substr(8) : ref.repository;
  auto manifest = read_manifest(folder, manifest_path(folder, ref));
  if (!manifest && manifest.error().code() == ErrorCode::kNotFound)
    return not_in_ollama(folder, wanted + ":" + ref.tag);
  if (!manifest) return fail(manifest.error());
  ForeignFiles found;
  for (const Layer& layer : manifest->layers) {
    const LayerKind kind = kind_of(layer);
    if (kind == LayerKind::kOther) continue;
    ZUBR_TRY(file, blob_file(folder, layer));
    if (kind == LayerKind::kModel) found.models.push_back(file);
    if (kind == LayerKind::kProjector) found.projector = file;
    if (kind == LayerKind::kAdapter) found.recipe.adapters.push_back(file.string());
    const bool weights = kind == LayerKind::kModel || kind == LayerKind::kProjector || kind == LayerKind::kAdapter;
    if (weights) found.files.push_back({file, layer.digest});
    if (!weights) ZUBR_CHECK(apply_recipe_layer(file, kind, found));
  }
  if (found.models.size() != 1)
    return fail(ErrorCode::kUnsupported, "'{}' of Ollama has {} GGUF files; one is needed", wanted,
                found.models.size());
  return found;
}

Result<ForeignFiles> find_in_hub_cache(const fs::path& folder, const HubRef& ref) {
  std::string dashes = ref.repository;  // parse_model_ref() let no ".." and only one '/' through
  dashes.replace(dashes.find('/'), 1, "--");
  const fs::path repository = folder / ("models--" + dashes);
  std::error_code error;
  if (!fs::is_directory(repository, error))
    return fail(ErrorCode::kNotFound, "Hugging Face's cache in {} has no {}; to fetch it: zubr pull {}",
                folder.string(), ref.repository, ref_text(ref));
  std::string commit = ref.revision;
  if (const auto file = file_inside(repository, repository / "refs" / ref.revision)) {
    ZUBR_TRY(text, core::read_text_file(*file, kMaxRefFile));
    commit = text.substr(0, text.find_first_of(" \r\n"));
  }
  const bool plain = !commit.empty() && std::ranges::all_of(commit, [](unsigned char c) { return std::isalnum(c); });
  const fs::path snapshot = repository / "snapshots" / commit;
  if (!plain || !fs::is_directory(snapshot, error) || fs::is_symlink(snapshot, error))
    return fail(ErrorCode::kNotFound, "Hugging Face's cache has no revision '{}' of {}", ref.revision, ref.repository);
  std::vector<HubFile> files;
  fs::recursive_directory_iterator at(snapshot, error);
  for (int seen = 0; !error && at != fs::recursive_directory_iterator() && seen < kMostModels;
       at.increment(error), ++seen) {
    if (at.depth() > 4) at.disable_recursion_pending();
    std::error_code kind;
    const bool link = at->is_symlink(kind);
    if (!link && !at->is_regular_file(kind)) continue;
    files.push_back({at->path().lexically_relative(snapshot).generic_string(), at->file_size(kind)});
  }
  std::ranges::sort(files, {}, &HubFile::path);
  ZUBR_TRY(choice, choose_files(files, ref.selector, ref.repository));
  ForeignFiles found;
  const auto add = [&](const std::string& path) -> Result<fs::path> {
    ZUBR_TRY(file, file_inside(repository, snapshot / path));
    // A blob of a large file is named after its sha256, one of git's own after something shorter.
    const auto digest = Digest::parse(file.filename().string());
    found.files.push_back({file, digest ? std::optional(*digest) : std::nullopt});
    return file;
  };
  for (const HubFile& file : choice.files) {
    ZUBR_TRY(real, add(file.path));
    // llama.cpp finds parts by their names, which the blobs do not have.
    found.models.push_back(choice.files.size() > 1 ? snapshot / file.path : real);
  }
  if (choice.projector) {
    ZUBR_TRY(real, add(choice.projector->path));
    found.projector = real;
  }
  return found;
}

Result<Adopted> adopt_files(const fs::path& home, const ModelStore& store, const ForeignFiles& files,
                            const AdoptWishes& wishes, const OnBytes& progress, const std::stop_token& stop) {
  ZUBR_CHECK(check_model_name(wishes.name));
  if (!wishes.replace && store.find(wishes.name))
    return fail(ErrorCode::kAlreadyExists,
                "there is a model '{}' already; choose another with --name, or add --replace", wishes.name);
  for (const auto& each : files.files) {
    auto facts = inspect_model_file(each.file);
    if (!facts) return fail(facts.error());
  }
  if (wishes.check) ZUBR_CHECK(wishes.check(files.models.front()));
  ZUBR_TRY(blobs, BlobStore::open(home / "blobs"));
  ZUBR_TRY(guard, blobs.keep_all(stop));
  Adopted adopted;
  NewModel model{files.models.front(), wishes.name, files.projector, files.recipe};
  std::vector<Digest> needed;
  std::vector<fs::path> shared;
  for (const auto& each : files.files) {
    ZUBR_TRY(digest, import_file(blobs, each.file, ImportMode::kLink, each.digest, progress, stop));
    needed.push_back(digest);
    const fs::path blob = blobs.path_of(digest);
    shared.push_back(blob);
    std::error_code error;
    (fs::equivalent(each.file, blob, error) ? adopted.linked : adopted.copied) += fs::file_size(blob, error);
    if (each.file == files.projector) model.projector = blob;
    for (std::string& adapter : model.recipe.adapters)
      if (each.file == adapter) adapter = blob.string();
  }
  model.file = shared.front();
  if (files.models.size() > 1) {
    const fs::path set = blobs.folder() / "sets" / needed.front().hex();
    std::error_code error;
    fs::create_directories(set, error);
    for (std::size_t i = 0; !error && i < files.models.size(); ++i) {
      const fs::path link = set / files.models[i].filename();
      fs::remove(link, error);
      fs::create_hard_link(shared[i], link, error);
    }
    if (error) return fail(ErrorCode::kIo, "cannot lay out the parts in {}: {}", set.string(), error.message());
    model.file = set / files.models.front().filename();
  }
  if (!model.recipe.chat_template.empty()) {
    ZUBR_TRY(header, formats::read_gguf_header(model.file));
    if (header.chat_template()) model.recipe.chat_template.clear();  // as for what is pulled
  }
  ZUBR_CHECK(BlobReferences(home / "blobs" / "references").set(wishes.name, wishes.source, needed));
  ZUBR_TRY(entry, store.add(model, wishes.replace));
  adopted.entry = std::move(entry);
  return adopted;
}

}  // namespace zubr::models
