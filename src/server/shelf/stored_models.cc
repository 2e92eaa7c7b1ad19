#include "server/shelf/stored_models.h"

#include <fmt/format.h>

#include <cmath>
#include <variant>

#include "formats/gguf_header.h"
#include "models/blobs/blob_store.h"
#include "models/create.h"
#include "models/keep.h"
#include "models/model_ref.h"
#include "models/push.h"
#include "server/json_text.h"

namespace zubr::server {
namespace {

constexpr std::string_view kBlobPrefix = "sha256-";
constexpr std::string_view kLatest = ":latest";

// A model file among the blobs is called after its digest; another one's is not known without reading it.
std::string digest_of(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  return name.starts_with(kBlobPrefix) ? name.substr(kBlobPrefix.size()) : std::string();
}

ShelfModel shelf_model(const models::ModelEntry& entry) {
  ShelfModel model{.name = entry.name,
                   .bytes = entry.facts.bytes,
                   .architecture = entry.facts.architecture,
                   .parameters = entry.facts.parameters,
                   .quantization = entry.facts.quantization,
                   .context_tokens = entry.facts.context_tokens,
                   .digest = digest_of(entry.file)};
  std::error_code error;
  const auto changed = std::filesystem::last_write_time(entry.file, error);
  if (!error) {
    model.changed_at =
        std::chrono::time_point_cast<std::chrono::system_clock::duration>(std::chrono::file_clock::to_sys(changed));
  }
  return model;
}

struct ValueJson {
  std::string operator()(std::uint64_t value) const { return fmt::to_string(value); }
  std::string operator()(std::int64_t value) const { return fmt::to_string(value); }
  std::string operator()(double value) const { return std::isfinite(value) ? fmt::to_string(value) : "null"; }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(const std::string& value) const { return json_text(value); }
  std::string operator()(const formats::GgufArrayInfo&) const { return "null"; }
};

}  // namespace

StoredModels::StoredModels(Options options)
    : options_(std::move(options)), store_(options_.home / "models", options_.shipped) {}

Result<models::ModelEntry> StoredModels::entry(std::string_view name) const {
  auto found = store_.find(name);
  if (!found && name.ends_with(kLatest)) {
    auto plain = store_.find(name.substr(0, name.size() - kLatest.size()));
    if (plain) return plain;
  }
  return found;
}

Result<std::vector<ShelfModel>> StoredModels::list() {
  ZUBR_TRY(entries, store_.list());
  std::vector<ShelfModel> all;
  for (const auto& one : entries) {
    if (!one.missing) all.push_back(shelf_model(one));
  }
  return all;
}

Result<ShelfModel> StoredModels::find(std::string_view name) {
  ZUBR_TRY(found, entry(name));
  return shelf_model(found);
}

Result<std::vector<std::pair<std::string, std::string>>> StoredModels::facts(std::string_view name) {
  ZUBR_TRY(found, entry(name));
  ZUBR_TRY(header, formats::read_gguf_header(found.file));
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& [key, value] : header.values) {
    if (key != "tokenizer.chat_template") all.emplace_back(key, std::visit(ValueJson{}, value));
  }
  return all;
}

Result<std::string> StoredModels::chat_template(std::string_view name) {
  ZUBR_TRY(found, entry(name));
  ZUBR_TRY(header, formats::read_gguf_header(found.file));
  return std::string(header.chat_template().value_or(""));
}

Result<ShelfUse> StoredModels::use(std::string_view name) {
  ZUBR_TRY(found, entry(name));
  ZUBR_TRY(text, models::modelfile_of(found));
  return ShelfUse{std::move(text), std::move(found.recipe)};
}

Result<void> StoredModels::copy(std::string_view source, const std::string& destination) {
  ZUBR_TRY(found, entry(source));
  ZUBR_CHECK(models::copy_model(options_.home, store_, found.name, destination, /*replace=*/true, {}));
  return {};
}

Result<void> StoredModels::remove(std::string_view name, std::stop_token /*stop*/) {
  ZUBR_TRY(found, entry(name));
  ZUBR_CHECK(models::remove_model(options_.home, store_, found.name));
  return {};
}

Result<void> StoredModels::pull(std::string_view reference,
                                const std::function<void(const ShelfPullProgress&)>& progress, std::stop_token stop) {
  ZUBR_TRY(ref, models::parse_model_ref(reference));
  if (std::holds_alternative<models::UrlRef>(ref) || std::holds_alternative<models::FileRef>(ref))
    return fail(ErrorCode::kUnsupported,
                "'{}' is not the name of a model in a registry; addresses and files are for: zubr pull {}", reference,
                reference);
  net::HttpClient client(options_.http);
  models::Puller puller(client, options_.home, options_.pull);
  const auto report = [&](const models::PullProgress& now) {
    progress({.digest = now.item->digest ? now.item->digest->text() : std::string(),
              .what = now.item->file,
              .total = now.download.total.value_or(now.item->size),
              .completed = now.download.done,
              .verifying = now.download.phase == models::DownloadPhase::kVerifying});
  };
  ZUBR_CHECK(puller.pull(ref, {.replace = true}, report, stop));
  return {};
}

Result<std::vector<std::string>> StoredModels::create(const ShelfRecipe& recipe, std::stop_token stop) {
  models::Modelfile file = recipe.modelfile;
  if (!recipe.from.empty()) {
    ZUBR_TRY(origin, entry(recipe.from));
    file.from.push_back(origin.name);
  }
  ZUBR_TRY(blobs, models::BlobStore::open(options_.home / "blobs"));
  ZUBR_TRY(guard, blobs.keep_all(stop));  // nobody clears them away meanwhile
  const auto add = [&](const std::vector<std::string>& digests, std::vector<std::string>& paths) -> Result<void> {
    for (const std::string& text : digests) {
      ZUBR_TRY(digest, models::Digest::parse(text));
      if (!blobs.contains(digest))
        return fail(ErrorCode::kNotFound, "there is no blob {}; send it to /api/blobs/{} first", digest.text(),
                    digest.text());
      paths.push_back(blobs.path_of(digest).string());
    }
    return {};
  };
  ZUBR_CHECK(add(recipe.files, file.from));
  ZUBR_CHECK(add(recipe.adapters, file.adapters));
  ZUBR_TRY(report, models::create_model(options_.home, store_, file,
                                        {.name = recipe.name, .replace = true, .check = options_.pull.check}, stop));
  return report.notes;
}

Result<void> StoredModels::push(std::string_view name, std::string_view reference,
                                const std::function<void(const ShelfPushProgress&)>& progress, std::stop_token stop) {
  ZUBR_TRY(found, entry(name));
  ZUBR_TRY(parsed, models::parse_model_ref(reference));
  const auto* place = std::get_if<models::RegistryRef>(&parsed);
  if (!place)
    return fail(ErrorCode::kInvalidArgument, "'{}' is no place in a registry; write oci://host/path:tag", reference);
  net::HttpClient client(options_.http);
  models::Pusher pusher(client, options_.home,
                        {.ollama_registry = options_.pull.ollama_registry, .credentials = options_.pull.credentials});
  const auto report = [&](const models::PushProgress& now) {
    progress({.what = now.what, .total = now.total, .completed = now.done, .hashing = now.hashing});
  };
  ZUBR_CHECK(pusher.push(found, *place, report, std::move(stop)));
  return {};
}

Result<bool> StoredModels::has_blob(std::string_view digest) {
  ZUBR_TRY(wanted, models::Digest::parse(digest));
  ZUBR_TRY(blobs, models::BlobStore::open(options_.home / "blobs"));
  return blobs.contains(wanted);
}

Result<void> StoredModels::put_blob(std::string_view digest, std::string_view bytes, std::stop_token stop) {
  ZUBR_TRY(wanted, models::Digest::parse(digest));
  const models::Digest found = models::sha256(bytes);
  if (found != wanted)
    return fail(ErrorCode::kInvalidArgument, "the blob has the digest {}, not {}", found.text(), wanted.text());
  ZUBR_TRY(blobs, models::BlobStore::open(options_.home / "blobs"));
  ZUBR_CHECK(blobs.put(bytes, stop));
  return {};
}

}  // namespace zubr::server
