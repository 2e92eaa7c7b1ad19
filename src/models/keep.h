// Looking after the models of a home: another name, no name, a file outside, and whether everything is still whole.
//
// Threads and processes: as ModelStore and BlobStore.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "models/blobs/digest.h"
#include "models/blobs/file_copy.h"
#include "models/model_store.h"

namespace zubr::models {

// Another name for the same files. The model inside the program is written into the blobs for that. kNotFound,
// kAlreadyExists unless `replace`, errors of check_model_name().
Result<ModelEntry> copy_model(const std::filesystem::path& home, const ModelStore& store, std::string_view source,
                              const std::string& name, bool replace, const std::stop_token& stop);

// The file of `model` becomes a blob, and the model gets its name. The file itself is not needed afterwards.
Result<ModelEntry> adopt_model(const std::filesystem::path& home, const ModelStore& store, NewModel model,
                               const std::string& source, bool replace, const OnBytes& progress,
                               const std::stop_token& stop);

struct RemovedModel {
  ModelEntry entry;
  std::uint64_t freed = 0;  // bytes of blobs that no other model needs
  bool postponed = false;   // somebody was fetching: the files go with the next `zubr gc`
};
// Forgets the name and removes the blobs that no other model needs. A file outside the blobs stays.
Result<RemovedModel> remove_model(const std::filesystem::path& home, const ModelStore& store, std::string_view name);

// Blobs that the models of `home` need; references of models that are gone are forgotten unless `dry_run`.
Result<std::set<Digest>> needed_blobs(const std::filesystem::path& home, bool dry_run);

// The GGUF file to `target`; into a folder, everything that belongs to the model and a Modelfile that makes it again.
// Returns what was written.
Result<std::vector<std::filesystem::path>> export_model(const ModelEntry& entry, const std::filesystem::path& target,
                                                        const OnBytes& progress, const std::stop_token& stop);

// The files of a model: all parts of a split one, the projector, adapters.
std::vector<std::filesystem::path> files_of(const ModelEntry& entry);

// The Modelfile of a model as a text, FROM first.
Result<std::string> modelfile_of(const ModelEntry& entry);

enum class FileState { kWhole, kUnknown, kMissing, kChanged, kBroken };
struct CheckedFile {
  std::string model;
  std::filesystem::path file;
  FileState state = FileState::kWhole;  // kUnknown: it loads, but nobody said its hash
  std::string detail = {};              // what is wrong, already translated
  std::optional<Digest> blob = {};
};
// Hashes every blob that the model (empty: all of them) needs, and reads every header. Stops only for `stop`.
Result<std::vector<CheckedFile>> verify_models(const std::filesystem::path& home, const ModelStore& store,
                                               std::string_view name, const OnBytes& progress,
                                               const std::stop_token& stop);

}  // namespace zubr::models
