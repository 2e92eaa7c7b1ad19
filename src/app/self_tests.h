// The self-tests of `zubr doctor`.
#pragma once

#include <vector>

#include "cli/services.h"

namespace zubr::app {

// Run in a process of their own: a miscompiled kernel may kill it, and that is a finding, not the end of doctor.
std::vector<cli::SelfTest> self_tests();

}  // namespace zubr::app
