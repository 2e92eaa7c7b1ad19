// Which files of a repository make the model that was asked for. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "models/blobs/digest.h"

namespace zubr::models {

struct HubFile {
  std::string path;  // in the repository: "folder/file.gguf"
  std::uint64_t size = 0;
  std::optional<Digest> digest = {};  // of files that are kept as LFS; others have none
};

struct HubChoice {
  std::vector<HubFile> files;             // one, or all shards in order
  std::string quantization;               // "Q4_K_M"; empty where the name does not say
  std::optional<HubFile> projector = {};  // mmproj: what a vision model sees with
};

// "Q4_K_M", "IQ2_XXS", "BF16", "UD-Q4_K_XL" … from the name of a GGUF file, in capitals; empty when there is none.
std::string quantization_of(std::string_view path);

// "model-00002-of-00003.gguf" → shard 2 of 3.
struct Shard {
  std::string stem;
  int index = 0;
  int count = 0;
};
std::optional<Shard> shard_of(std::string_view path);

// `selector`: a quantization (any case), a file, or empty: Q4_K_M if there, else the only one there is. `repository` is
// for messages. kNotFound and kInvalidArgument list what there is; kCorrupt: a shard is missing.
Result<HubChoice> choose_files(const std::vector<HubFile>& files, std::string_view selector,
                               std::string_view repository);

}  // namespace zubr::models
