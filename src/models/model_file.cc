#include "models/model_file.h"

#include <cerrno>
#include <fstream>

#include "core/atomic_file.h"

namespace zubr::models {

Result<ModelFacts> inspect_model_file(const std::filesystem::path& file) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status))
    return fail(ErrorCode::kNotFound, "there is no file {}", file.string());
  if (std::filesystem::is_directory(status))
    return fail(ErrorCode::kInvalidArgument, "{} is a folder; name the GGUF file in it", file.string());
  ModelFacts facts;
  facts.bytes = std::filesystem::file_size(file, error);
  std::ifstream in(file, std::ios::binary);
  char magic[4] = {};
  errno = 0;
  if (!in.is_open()) return fail(core::system_error(message("cannot read {}", file.string()), errno != 0 ? errno : EACCES));
  in.read(magic, 4);
  if (in.gcount() != 4 || std::string_view(magic, 4) != "GGUF")
    return fail(ErrorCode::kCorrupt, "{} is not a GGUF file: it does not begin with 'GGUF'", file.string());
  return facts;
}

}  // namespace zubr::models
