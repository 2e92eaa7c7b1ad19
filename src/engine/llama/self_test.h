// Matrix products whose right answer is known, done as a model does them on this processor: plain, with repacked
// weights and with AMX tiles, whichever llama.cpp would choose here. Compilers have miscompiled the last one
// (docs/architecture.md), and then answers are wrong or the process dies.
#pragma once

#include <string>
#include <vector>

namespace zubr::engine {

struct MatmulCheck {
  std::string name;  // "AMX q8_0 × 64"
  bool passed = false;
  std::string detail;  // "relative error 0.0041, at most 0.02"
};

// Takes about 0.1 s. May die of SIGSEGV or SIGILL on a broken build, so run it in a process of its own. Not while
// another thread computes.
std::vector<MatmulCheck> check_matmul();

}  // namespace zubr::engine
