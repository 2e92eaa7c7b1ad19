// What a Modelfile wants of a backend: how it is opened, and what is added to every request.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/result.h"
#include "inference/preset_backend.h"
#include "models/modelfile/modelfile.h"

namespace zubr::models {

struct OpeningWishes {
  std::string chat_template = {};  // Jinja, instead of the one in the file; empty = that one
  int context_tokens = 0;          // 0 = no wish
  std::vector<std::filesystem::path> adapters = {};
};

// kInvalidArgument as read_parameters(). A template that cannot be translated is left out: create() said so.
Result<OpeningWishes> opening_wishes(const Modelfile& recipe);
Result<inference::Preset> preset_of(const Modelfile& recipe);

}  // namespace zubr::models
