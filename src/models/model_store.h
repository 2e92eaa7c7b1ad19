// The models this user has given names: small TOML files in $ZUBR_HOME/models/, each pointing to a GGUF file that stays
// where it is, with what a Modelfile says of its use. Beside them stands the one that ships inside the program, if
// there is one.
//
// Threads and processes: every method may run at the same time in any of them. Entries are written whole or not at all;
// add and remove take a lock between processes.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "models/model_file.h"
#include "models/modelfile/modelfile.h"

namespace zubr::models {

struct ModelEntry {
  std::string name;
  std::filesystem::path file;            // absolute
  ModelFacts facts;                      // as they were when the model was added
  bool missing = false;                  // the file is not there now
  bool shipped = false;                  // part of the program, not of the user's folder
  std::filesystem::path projector = {};  // what a vision model sees with; empty = none
  Modelfile recipe = {};                 // without FROM
};

// What add() is told.
struct NewModel {
  std::filesystem::path file;
  std::string name;
  std::filesystem::path projector = {};
  Modelfile recipe = {};  // FROM is left out
};

// The model inside the program. `file` gives a path that is good while the process lives; called only when the model is
// asked for.
struct ShippedModel {
  std::string name;
  std::function<Result<std::filesystem::path>()> file;
};

// 1 to 100 of a-z 0-9 . _ : - and beginning with a letter or digit, so that a name is never a path.
Result<void> check_model_name(std::string_view name);

// Where a model file is, and what to call it.
struct ResolvedModel {
  std::filesystem::path file;
  std::string name;
  std::filesystem::path projector = {};
  Modelfile recipe = {};
};

class ModelStore {
 public:
  // `folder` is made by the first add().
  explicit ModelStore(std::filesystem::path folder, std::optional<ShippedModel> shipped = {})
      : folder_(std::move(folder)), shipped_(std::move(shipped)) {}

  // Of the model inside the program; empty where there is none. Nobody else can take the name.
  std::string shipped_name() const { return shipped_ ? shipped_->name : std::string(); }

  // Checks the files and remembers them under the name. kAlreadyExists unless `replace`; errors of check_model_name(),
  // inspect_model_file() and modelfile_text().
  Result<ModelEntry> add(const NewModel& model, bool replace) const;
  Result<ModelEntry> add(const std::filesystem::path& file, const std::string& name, bool replace) const {
    return add(NewModel{file, name}, replace);
  }

  // Forgets the name; the model file stays. kNotFound lists what is there; kInvalidArgument for the shipped one.
  Result<ModelEntry> remove(std::string_view name) const;

  // The shipped one first, the others by name. An entry that cannot be read is an error that names its file.
  Result<std::vector<ModelEntry>> list() const;

  Result<ModelEntry> find(std::string_view name) const;

  // A name or a path: what contains '/' or ends in .gguf is a path. kNotFound says which models there are and how to
  // add one.
  Result<ResolvedModel> resolve(std::string_view name_or_path) const;

 private:
  std::filesystem::path entry_file(std::string_view name) const;
  tl::unexpected<Error> not_found(std::string_view name) const;
  bool is_shipped(std::string_view name) const { return shipped_ && shipped_->name == name; }
  Result<ModelEntry> shipped_entry() const;

  std::filesystem::path folder_;
  std::optional<ShippedModel> shipped_;
};

}  // namespace zubr::models
