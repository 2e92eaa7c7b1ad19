// Which models need which blobs: a small file per model that lists digests. A blob that no file lists is garbage.
//
// Threads and processes: every method may run at the same time in any of them; a file is replaced in one step.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "models/blobs/digest.h"

namespace zubr::models {

class BlobReferences {
 public:
  explicit BlobReferences(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // `owner`: a model's name, any text. `source`: where it was pulled from, one line. Replaces what was said before.
  Result<void> set(const std::string& owner, const std::string& source, const std::vector<Digest>& digests) const;
  // Where that model was pulled from; none when nobody said.
  std::optional<std::string> source_of(const std::string& owner) const;
  Result<void> remove(const std::string& owner) const;
  Result<std::vector<std::string>> owners() const;
  // Empty for an owner that nobody set.
  Result<std::vector<Digest>> of(const std::string& owner) const;
  // How many owners need each. kCorrupt names a file that cannot be read: then nothing may be removed.
  Result<std::map<Digest, int>> counts() const;

 private:
  std::filesystem::path file_of(const std::string& owner) const;
  std::filesystem::path folder_;
};

}  // namespace zubr::models
