// Any bytes as a GGUF file: the header reader and what the store makes of it. The file is in memory (memfd_create(2)).
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "models/model_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int file = ::memfd_create("fuzz", MFD_CLOEXEC);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  if (::ftruncate(file, 0) != 0 || ::pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) __builtin_trap();
  const auto facts = zubr::models::inspect_model_file(path);
  if (facts && facts->bytes != size) __builtin_trap();
  return 0;
}
