#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <sstream>

#include "core/machine.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace zubr::core {
namespace {

#if defined(__x86_64__)
struct Leaf {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Leaf leaf(unsigned function, unsigned sub) {
  Leaf out;
  __get_cpuid_count(function, sub, &out.eax, &out.ebx, &out.ecx, &out.edx);
  return out;
}

// Which register states the operating system saves (Intel SDM vol. 1, 13.3): without them the instructions fault.
std::uint64_t enabled_states() {
  if ((leaf(1, 0).ecx & (1u << 27)) == 0) return 0;
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<std::uint64_t>(high) << 32) | low;
}
#endif

std::string first_line(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

// The quota of this process's cgroup and of every group above it (cgroup v2).
std::optional<double> cgroup_quota() {
  const std::string self = first_line("/proc/self/cgroup");
  std::filesystem::path group = self.starts_with("0::/") ? self.substr(4) : "";
  std::optional<double> smallest;
  for (;;) {
    const auto quota = parse_cpu_quota(first_line(std::filesystem::path("/sys/fs/cgroup") / group / "cpu.max"));
    if (quota) smallest = std::min(smallest.value_or(*quota), *quota);
    if (group.empty()) return smallest;
    group = group.parent_path();
  }
}

}  // namespace

std::vector<CpuFeature> cpu_features() {
#if defined(__x86_64__)
  const std::uint64_t states = enabled_states();
  const bool avx = (states & 0x6) == 0x6;
  const bool avx512 = avx && (states & 0xE0) == 0xE0;
  const bool amx = (states & 0x60000) == 0x60000;
  const Leaf one = leaf(1, 0), seven = leaf(7, 0), seven_one = leaf(7, 1);
  const auto bit = [](unsigned value, int at) { return ((value >> at) & 1u) != 0; };
  return {{"avx2", avx && bit(seven.ebx, 5)},
          {"fma", avx && bit(one.ecx, 12)},
          {"f16c", avx && bit(one.ecx, 29)},
          {"avx_vnni", avx && bit(seven_one.eax, 4)},
          {"avx512f", avx512 && bit(seven.ebx, 16)},
          {"avx512_vnni", avx512 && bit(seven.ecx, 11)},
          {"avx512_bf16", avx512 && bit(seven_one.eax, 5)},
          {"amx_tile", amx && bit(seven.edx, 24)},
          {"amx_int8", amx && bit(seven.edx, 25)},
          {"amx_bf16", amx && bit(seven.edx, 22)}};
#else
  return {};
#endif
}

std::string cpu_name() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("model name") && line.find(": ") != std::string::npos) return line.substr(line.find(": ") + 2);
  }
  return {};
}

std::optional<double> parse_cpu_quota(std::string_view text) {
  const auto space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  double quota = 0, period = 0;
  const std::string_view first = text.substr(0, space), second = text.substr(space + 1);
  if (std::from_chars(first.data(), first.data() + first.size(), quota).ec != std::errc()) return std::nullopt;
  if (std::from_chars(second.data(), second.data() + second.size(), period).ec != std::errc()) return std::nullopt;
  if (quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

int usable_cores() {
  int cores = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0) cores = CPU_COUNT(&allowed);
  if (const auto quota = cgroup_quota()) cores = std::min(cores, static_cast<int>(std::ceil(*quota)));
  return std::max(cores, 1);
}

}  // namespace zubr::core
