#include "core/machine.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>

#include "core/atomic_file.h"

namespace zubr::core {
namespace {

// "VmHWM:    1234 kB" → bytes; 0 where there is no such line.
std::uint64_t kib_field(const char* file, std::string_view key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    const auto digit = line.find_first_of("0123456789");
    if (digit == std::string::npos) return 0;
    std::uint64_t kib = 0;
    std::from_chars(line.data() + digit, line.data() + line.size(), kib);
    return kib * 1024;
  }
  return 0;
}

std::uint64_t number_in(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::uint64_t value = 0;
  return in >> value ? value : 0;
}

int descriptor(StandardStream stream) {
  switch (stream) {
    case StandardStream::kInput: return STDIN_FILENO;
    case StandardStream::kOutput: return STDOUT_FILENO;
    case StandardStream::kError: return STDERR_FILENO;
  }
  return STDERR_FILENO;
}

}  // namespace

MemoryInfo memory_info() {
  MemoryInfo memory{kib_field("/proc/meminfo", "MemTotal:"), kib_field("/proc/meminfo", "MemAvailable:")};
  const std::uint64_t limit = number_in("/sys/fs/cgroup/memory.max");
  if (limit > 0 && limit < memory.total) {
    const std::uint64_t used = number_in("/sys/fs/cgroup/memory.current");
    memory.total = limit;
    memory.available = std::min(memory.available, limit > used ? limit - used : 0);
  }
  return memory;
}

std::uint64_t resident_bytes() { return kib_field("/proc/self/status", "VmRSS:"); }
std::uint64_t peak_resident_bytes() { return kib_field("/proc/self/status", "VmHWM:"); }

void release_free_memory() {
#ifdef __GLIBC__
  ::malloc_trim(0);
#endif
}

Result<std::uint64_t> free_disk_bytes(const std::filesystem::path& path) {
  std::error_code ignored;
  std::filesystem::path at = std::filesystem::absolute(path, ignored);
  while (!std::filesystem::exists(at, ignored) && at.has_relative_path()) at = at.parent_path();
  struct statvfs info {};
  if (::statvfs(at.c_str(), &info) != 0)
    return fail(system_error(message("cannot ask for the free space of {}", at.string()), errno));
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

Result<std::filesystem::path> zubr_home(const Environment& environment) {
  if (const auto home = environment("ZUBR_HOME"); home && !home->empty()) return std::filesystem::path(*home);
  if (const auto home = environment("HOME"); home && !home->empty()) return std::filesystem::path(*home) / ".zubr";
  return fail(ErrorCode::kInvalidArgument, "neither ZUBR_HOME nor HOME is set; set ZUBR_HOME to a folder of your own");
}

bool is_terminal(StandardStream stream) { return ::isatty(descriptor(stream)) == 1; }

std::size_t terminal_width(StandardStream stream) {
  struct winsize size {};
  if (::ioctl(descriptor(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

}  // namespace zubr::core
