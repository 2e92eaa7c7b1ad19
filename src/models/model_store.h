// The models this user has given names: small TOML files in $ZUBR_HOME/models/, each pointing to a GGUF file that stays
// where it is.
//
// Threads and processes: every method may run at the same time in any of them. Entries are written whole or not at all;
// add and remove take a lock between processes.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "models/model_file.h"

namespace zubr::models {

struct ModelEntry {
  std::string name;
  std::filesystem::path file;  // absolute
  ModelFacts facts;            // as they were when the model was added
  bool missing = false;        // the file is not there now
};

// 1 to 100 of a-z 0-9 . _ : - and beginning with a letter or digit, so that a name is never a path.
Result<void> check_model_name(std::string_view name);

// Where a model file is, and what to call it.
struct ResolvedModel {
  std::filesystem::path file;
  std::string name;
};

class ModelStore {
 public:
  // `folder` is made by the first add().
  explicit ModelStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Checks the file and remembers it under the name. kAlreadyExists unless `replace`; errors of check_model_name() and
  // inspect_model_file().
  Result<ModelEntry> add(const std::filesystem::path& file, const std::string& name, bool replace) const;

  // Forgets the name; the model file stays. kNotFound lists what is there.
  Result<ModelEntry> remove(std::string_view name) const;

  // By name. An entry that cannot be read is an error that names its file.
  Result<std::vector<ModelEntry>> list() const;

  Result<ModelEntry> find(std::string_view name) const;

  // A name or a path: what contains '/' or ends in .gguf is a path. kNotFound says which models there are and how to
  // add one.
  Result<ResolvedModel> resolve(std::string_view name_or_path) const;

 private:
  std::filesystem::path entry_file(std::string_view name) const;
  tl::unexpected<Error> not_found(std::string_view name) const;

  std::filesystem::path folder_;
};

}  // namespace zubr::models
