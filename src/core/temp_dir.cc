#include "core/temp_dir.h"

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace zubr::core {

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "zubr-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr)
    throw std::filesystem::filesystem_error("cannot make a temporary folder", pattern,
                                            std::error_code(errno, std::generic_category()));
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace zubr::core
