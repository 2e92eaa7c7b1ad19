#include "models/keep.h"

#include <algorithm>
#include <map>

#include "core/display.h"
#include "core/text_file.h"
#include "models/blobs/blob_references.h"
#include "models/hub/hub_files.h"

namespace zubr::models {
namespace {

namespace fs = std::filesystem;

BlobReferences references_of(const fs::path& home) { return BlobReferences(home / "blobs" / "references"); }

// The digest in the name of a file of the store's own folder.
std::optional<Digest> blob_of(const fs::path& home, const fs::path& file) {
  std::error_code error;
  if (file.parent_path() != fs::weakly_canonical(home / "blobs", error) && file.parent_path() != home / "blobs")
    return std::nullopt;
  const auto digest = Digest::parse(file.filename().string());
  return digest ? std::optional(*digest) : std::nullopt;
}

}  // namespace

std::vector<fs::path> files_of(const ModelEntry& entry) {
  std::vector<fs::path> files = {entry.file};
  if (const auto shard = shard_of(entry.file.filename().string())) {
    files.clear();
    for (int i = 1; i <= shard->count; ++i)
      files.push_back(entry.file.parent_path() / fmt::format("{}-{:05}-of-{:05}.gguf", shard->stem, i, shard->count));
  }
  if (!entry.projector.empty()) files.push_back(entry.projector);
  files.insert(files.end(), entry.recipe.adapters.begin(), entry.recipe.adapters.end());
  return files;
}

Result<std::string> modelfile_of(const ModelEntry& entry) {
  Modelfile whole = entry.recipe;
  whole.from = {entry.shipped ? entry.name : entry.file.string()};
  if (!entry.projector.empty()) whole.from.push_back(entry.projector.string());
  return modelfile_text(whole);
}

Result<ModelEntry> copy_model(const fs::path& home, const ModelStore& store, std::string_view source,
                              const std::string& name, bool replace, const std::stop_token& stop) {
  ZUBR_TRY(found, store.find(source));
  ZUBR_CHECK(check_model_name(name));
  if (found.name == name) return found;
  if (!replace && store.find(name))
    return fail(ErrorCode::kAlreadyExists, "there is a model '{}' already; choose another name or add --replace", name);
  const BlobReferences references = references_of(home);
  ZUBR_TRY(blobs, BlobStore::open(home / "blobs"));
  ZUBR_TRY(guard, blobs.keep_all(stop));
  ZUBR_TRY(needed, references.of(found.name));
  if (found.shipped) {
    ZUBR_TRY(digest, import_file(blobs, found.file, ImportMode::kCopy, {}, {}, stop));
    found.file = blobs.path_of(digest);
    needed = {digest};
  }
  // What is needed is said before there is a name that needs it.
  ZUBR_CHECK(references.set(name, references.source_of(found.name).value_or(found.name), needed));
  return store.add({found.file, name, found.projector, found.recipe}, replace);
}

Result<ModelEntry> adopt_model(const fs::path& home, const ModelStore& store, NewModel model, const std::string& source,
                               bool replace, const OnBytes& progress, const std::stop_token& stop) {
  ZUBR_CHECK(check_model_name(model.name));
  if (!replace && store.find(model.name))
    return fail(ErrorCode::kAlreadyExists, "there is a model '{}' already; choose another name or add --replace",
                model.name);
  ZUBR_TRY(blobs, BlobStore::open(home / "blobs"));
  ZUBR_TRY(guard, blobs.keep_all(stop));
  ZUBR_TRY(digest, import_file(blobs, model.file, ImportMode::kLink, {}, progress, stop));
  std::vector<Digest> needed = {digest};
  for (const std::string& file : model.recipe.adapters)
    if (const auto adapter = blob_of(home, file)) needed.push_back(*adapter);
  if (const auto projector = blob_of(home, model.projector)) needed.push_back(*projector);
  model.file = blobs.path_of(digest);
  ZUBR_CHECK(references_of(home).set(model.name, source, needed));
  return store.add(model, replace);
}

Result<RemovedModel> remove_model(const fs::path& home, const ModelStore& store, std::string_view name) {
  ZUBR_TRY(entry, store.remove(name));
  const BlobReferences references = references_of(home);
  ZUBR_TRY(blobs, references.of(entry.name));
  if (const auto digest = blob_of(home, entry.file)) blobs.push_back(*digest);
  ZUBR_CHECK(references.remove(entry.name));
  RemovedModel removed{std::move(entry)};
  if (blobs.empty()) return removed;
  ZUBR_TRY(kept, BlobStore::open(home / "blobs"));
  const auto garbage = kept.remove_unneeded(blobs, [&] { return needed_blobs(home, false); });
  if (!garbage && garbage.error().code() != ErrorCode::kUnavailable) return fail(garbage.error());
  removed.postponed = !garbage;
  if (garbage) removed.freed = garbage->bytes;
  return removed;
}

Result<std::set<Digest>> needed_blobs(const fs::path& home, bool dry_run) {
  const BlobReferences references = references_of(home);
  ZUBR_TRY(entries, ModelStore(home / "models").list());
  ZUBR_TRY(owners, references.owners());
  std::set<Digest> needed;
  for (const std::string& owner : owners) {
    const bool listed = std::ranges::any_of(entries, [&](const ModelEntry& entry) { return entry.name == owner; });
    if (!listed && !dry_run) ZUBR_CHECK(references.remove(owner));
    if (!listed) continue;
    ZUBR_TRY(digests, references.of(owner));
    needed.insert(digests.begin(), digests.end());
  }
  for (const ModelEntry& entry : entries)  // added by hand: zubr models add …/blobs/sha256-…
    for (const fs::path& file : files_of(entry))
      if (const auto digest = Digest::parse(file.filename().string())) needed.insert(*digest);
  std::error_code error;
  for (fs::directory_iterator at(home / "blobs" / "sets", error), end; !dry_run && !error && at != end;) {
    const fs::path folder = at->path();
    at.increment(error);
    const auto first = Digest::parse(folder.filename().string());
    if (first && !needed.contains(*first)) fs::remove_all(folder, error);
  }
  return needed;
}

Result<std::vector<fs::path>> export_model(const ModelEntry& entry, const fs::path& target, const OnBytes& progress,
                                           const std::stop_token& stop) {
  std::error_code error;
  const bool folder = fs::is_directory(target, error) || target.filename().empty();
  const auto shard = shard_of(entry.file.filename().string());
  if (!folder && shard && shard->count > 1)
    return fail(ErrorCode::kInvalidArgument, "'{}' has {} parts; name a folder: zubr export {} {}/", entry.name,
                shard->count, entry.name, target.string());
  if (!folder) {
    ZUBR_CHECK(copy_file_out(entry.file, target, progress, stop));
    return std::vector<fs::path>{target};
  }
  fs::create_directories(target, error);
  std::string stem = entry.name;
  std::ranges::replace(stem, ':', '-');
  Modelfile whole = entry.recipe;
  whole.adapters.clear();
  std::vector<fs::path> written;
  const auto copy = [&](const fs::path& from, const std::string& name) -> Result<void> {
    ZUBR_CHECK(copy_file_out(from, target / name, progress, stop));
    written.push_back(target / name);
    return {};
  };
  ModelEntry bare = entry;
  bare.projector.clear();
  bare.recipe.adapters.clear();
  for (const fs::path& file : files_of(bare)) {
    const std::string name = shard && shard->count > 1 ? file.filename().string() : stem + ".gguf";
    ZUBR_CHECK(copy(file, name));
    if (whole.from.empty()) whole.from.push_back("./" + name);
  }
  if (!entry.projector.empty()) {
    ZUBR_CHECK(copy(entry.projector, stem + ".mmproj.gguf"));
    whole.from.push_back("./" + stem + ".mmproj.gguf");
  }
  for (std::size_t i = 0; i < entry.recipe.adapters.size(); ++i) {
    const std::string name = fmt::format("{}.adapter{}.gguf", stem, i + 1);
    ZUBR_CHECK(copy(entry.recipe.adapters[i], name));
    whole.adapters.push_back("./" + name);
  }
  ZUBR_TRY(text, modelfile_text(whole));
  ZUBR_CHECK(core::write_text_file(target / "Modelfile", text));
  written.push_back(target / "Modelfile");
  return written;
}

namespace {

// `is_model`: licences and templates are none; their hash is all there is to check.
CheckedFile check_file(const fs::path& home, const ModelEntry& entry, const fs::path& file, bool is_model,
                       const OnBytes& progress, const std::stop_token& stop) {
  CheckedFile checked{entry.name, file};
  std::error_code error;
  if (!fs::is_regular_file(file, error) && !entry.shipped) {
    checked.state = FileState::kMissing;
    checked.detail = message("the file is gone");
    return checked;
  }
  checked.blob = blob_of(home, file);
  if (checked.blob) {
    const auto digest = hash_file(file, progress, stop);
    if (!digest || *digest != *checked.blob) {
      checked.state = FileState::kBroken;
      checked.detail =
          digest ? message("its sha256 is {}, not what its name says", digest->hex()) : digest.error().message();
      return checked;
    }
  }
  if (!is_model) return checked;
  const auto facts = inspect_model_file(file);
  if (!facts) {
    checked.state = FileState::kBroken;
    checked.detail = facts.error().message();
  } else if (file == entry.file && !checked.blob && facts->bytes != entry.facts.bytes) {
    checked.state = FileState::kChanged;
    checked.detail = message("it has {} now, and had {} when it got its name", core::display_bytes(facts->bytes),
                             core::display_bytes(entry.facts.bytes));
  } else if (!checked.blob) {
    checked.state = FileState::kUnknown;
  }
  return checked;
}

}  // namespace

Result<std::vector<CheckedFile>> verify_models(const fs::path& home, const ModelStore& store, std::string_view name,
                                               const OnBytes& progress, const std::stop_token& stop) {
  std::vector<ModelEntry> entries;
  if (name.empty()) {
    ZUBR_TRY(all, store.list());
    entries = std::move(all);
  } else {
    ZUBR_TRY(one, store.find(name));
    entries.push_back(std::move(one));
  }
  const BlobReferences references = references_of(home);
  std::map<fs::path, CheckedFile> seen;  // a blob of several models is read once
  std::vector<CheckedFile> all;
  for (const ModelEntry& entry : entries) {
    std::vector<fs::path> files = files_of(entry);
    const std::size_t models = files.size();
    ZUBR_TRY(blobs, references.of(entry.name));
    for (const Digest& digest : blobs) {
      const fs::path file = home / "blobs" / digest.file_name();
      std::error_code error;
      const auto same = [&](const fs::path& known) { return known == file || fs::equivalent(known, file, error); };
      if (std::ranges::none_of(files, same)) files.push_back(file);
    }
    for (std::size_t i = 0; i < files.size(); ++i) {
      const fs::path& file = files[i];
      if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped before everything was checked");
      auto known = seen.find(file);
      if (known == seen.end())
        known = seen.emplace(file, check_file(home, entry, file, i < models, progress, stop)).first;
      all.push_back(known->second);
      all.back().model = entry.name;
    }
  }
  if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped before everything was checked");
  return all;
}

}  // namespace zubr::models
