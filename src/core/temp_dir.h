// A fresh folder for tests and short-lived work, removed with everything in it by the destructor.
#pragma once

#include <filesystem>

namespace zubr::core {

class TempDir {
 public:
  TempDir();  // throws std::filesystem::filesystem_error when no folder can be made
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace zubr::core
