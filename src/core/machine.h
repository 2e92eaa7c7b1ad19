// What the program runs on: processor, memory, disk, terminal, folders. The only place that asks the operating system.
// Any thread; every call asks anew.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/settings.h"

namespace zubr::core {

// Names as in /proc/cpuinfo: "avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_int8",
// "amx_bf16". Those that both the processor has and the operating system lets programs use. Empty on other processors
// than x86-64.
struct CpuFeature {
  std::string_view name;
  bool present = false;
};
std::vector<CpuFeature> cpu_features();
std::string cpu_name();  // "Intel(R) Xeon(R) …"; empty where unknown

// How many threads can really run: the smaller of the affinity mask and the cgroup's quota (rounded up), at least 1.
int usable_cores();
// "200000 100000" → 2.0, "max 100000" → none (cgroup v2, cpu.max).
std::optional<double> parse_cpu_quota(std::string_view text);

struct MemoryInfo {
  std::uint64_t total = 0;      // bytes; the cgroup's limit where that is smaller
  std::uint64_t available = 0;  // bytes that could be used without swapping
};
MemoryInfo memory_info();
std::uint64_t resident_bytes();       // of this process, now
std::uint64_t peak_resident_bytes();  // the most it ever was
// Gives memory that was freed back to the operating system, where the allocator would keep it for later.
void release_free_memory();

// Bytes free for this user on the file system of `path`, or of its nearest existing parent.
Result<std::uint64_t> free_disk_bytes(const std::filesystem::path& path);

// $ZUBR_HOME, else ~/.zubr. kInvalidArgument when neither ZUBR_HOME nor HOME is set.
Result<std::filesystem::path> zubr_home(const Environment& environment);

enum class StandardStream { kInput, kOutput, kError };
bool is_terminal(StandardStream stream);
std::size_t terminal_width(StandardStream stream);  // columns; 80 where unknown

}  // namespace zubr::core
