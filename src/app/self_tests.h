// The self-tests of `zubr doctor`.
#pragma once

#include <string>
#include <vector>

#include "cli/services.h"

namespace zubr::app {

// Runs this program with kSelfTestArgument alone: a miscompiled kernel may kill it, and that is a finding, not the end
// of doctor.
std::vector<cli::SelfTest> self_tests();

inline constexpr const char* kSelfTestArgument = "--self-test";

// What that other process writes: one test a line: passed or failed, name, detail, separated by tabs.
std::string self_test_lines();

}  // namespace zubr::app
