#include "core/machine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <thread>

#include "core/temp_dir.h"

namespace zubr::core {
namespace {

Environment environment(std::map<std::string, std::string> values) {
  return [values](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

TEST(Machine, ReportsOnlyProcessorFeaturesThatTheSystemReportsToo) {
  std::ifstream in("/proc/cpuinfo");
  std::string flags;
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("flags")) flags = line + " ";
  if (flags.empty()) GTEST_SKIP() << "/proc/cpuinfo has no flags here";
  for (const CpuFeature& feature : cpu_features())
    EXPECT_EQ(feature.present, flags.find(fmt::format(" {} ", feature.name)) != std::string::npos) << feature.name;
}

TEST(Machine, CountsAtLeastOneCoreAndNoMoreThanThereAre) {
  EXPECT_GE(usable_cores(), 1);
  EXPECT_LE(usable_cores(), static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
}

TEST(Machine, ReadsACgroupQuota) {
  EXPECT_EQ(parse_cpu_quota("200000 100000"), 2.0);
  EXPECT_EQ(parse_cpu_quota("50000 100000"), 0.5);
  EXPECT_EQ(parse_cpu_quota("max 100000"), std::nullopt);
  EXPECT_EQ(parse_cpu_quota(""), std::nullopt);
  EXPECT_EQ(parse_cpu_quota("-1 100000"), std::nullopt);
}

TEST(Machine, SeesItsOwnMemoryGrow) {
  const std::uint64_t before = resident_bytes();
  std::vector<char> block(64u << 20, 'x');
  EXPECT_GE(resident_bytes(), before + (32u << 20)) << block[1];
  EXPECT_GE(peak_resident_bytes(), resident_bytes());
  EXPECT_GT(memory_info().total, memory_info().available);
}

TEST(Machine, FindsFreeDiskOfAPlaceThatIsNotThereYet) {
  const TempDir dir;
  EXPECT_GT(free_disk_bytes(dir.path() / "a" / "b").value(), 0u);
}

TEST(Machine, HomeIsZubrHomeElseAFolderInHome) {
  EXPECT_EQ(zubr_home(environment({{"ZUBR_HOME", "/z"}, {"HOME", "/h"}})).value(), "/z");
  EXPECT_EQ(zubr_home(environment({{"ZUBR_HOME", ""}, {"HOME", "/h"}})).value(), "/h/.zubr");
  EXPECT_EQ(zubr_home(environment({})).error().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace zubr::core
