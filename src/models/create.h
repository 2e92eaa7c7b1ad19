// zubr create: a model out of a Modelfile.
//
// FROM names a model that is here, a GGUF file, or a folder with one (its projector is found beside it). Files stay
// where they are; what comes from another model shares its blobs and begins with its recipe: SYSTEM and TEMPLATE
// replace, PARAMETERs replace by name, MESSAGEs and ADAPTERs replace as a whole, LICENSEs are added.
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/result.h"
#include "models/model_store.h"
#include "models/modelfile/modelfile.h"

namespace zubr::models {

// Would the engine load it? Nothing gets a name that it refuses. Empty: only the header is read.
using LoadCheck = std::function<Result<void>(const std::filesystem::path&)>;

struct CreateWishes {
  std::string name;
  bool replace = false;
  std::filesystem::path folder = {};  // relative files of the Modelfile are in here; empty = the working folder
  LoadCheck check = {};
};

struct CreateReport {
  ModelEntry entry;
  std::vector<std::string> notes;  // what the user should know, already translated
};

// kInvalidArgument: no FROM, parameters as read_parameters(), a file that is no model. kNotFound: FROM or ADAPTER is
// not here. kUnsupported: weights that are no GGUF.
Result<CreateReport> create_model(const std::filesystem::path& home, const ModelStore& store, const Modelfile& file,
                                  const CreateWishes& wishes, const std::stop_token& stop);

// What `child` says over what `parent` says. Pure.
Modelfile merged(const Modelfile& parent, const Modelfile& child);

}  // namespace zubr::models
