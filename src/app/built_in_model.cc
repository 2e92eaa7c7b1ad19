#include "app/built_in_model.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#ifdef ZUBR_BUILT_IN_MODEL
// Read-only bytes, on a page of their own.
__asm__(
    ".section .rodata\n"
    ".balign 4096\n"
    "zubr_built_in_model_begin:\n"
    ".incbin \"" ZUBR_BUILT_IN_MODEL
    "\"\n"
    "zubr_built_in_model_end:\n"
    ".byte 0\n"
    ".text\n");
extern "C" const char zubr_built_in_model_begin[], zubr_built_in_model_end[];
#endif

namespace zubr::app {
namespace {

// llama.cpp opens models by path and maps them; a file in memory has both and leaves nothing behind.
[[maybe_unused]] Result<std::filesystem::path> file_in_memory(std::string_view bytes) {
  const int file = ::memfd_create("built-in.gguf", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file < 0) return fail(ErrorCode::kIo, "cannot make a file in memory: {}", std::strerror(errno));
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0) {
      const int why = errno;
      ::close(file);
      return fail(ErrorCode::kIo, "cannot put the built-in model into memory: {}", std::strerror(why));
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  ::fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
  return std::filesystem::path("/proc/self/fd") / std::to_string(file);
}

}  // namespace

std::optional<models::ShippedModel> built_in_model() {
#ifdef ZUBR_BUILT_IN_MODEL
  return models::ShippedModel{
      "built-in", [] {
        static const Result<std::filesystem::path> file = file_in_memory(
            {zubr_built_in_model_begin, static_cast<std::size_t>(zubr_built_in_model_end - zubr_built_in_model_begin)});
        return file;
      }};
#else
  return std::nullopt;
#endif
}

}  // namespace zubr::app
