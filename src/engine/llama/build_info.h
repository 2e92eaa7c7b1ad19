// Which llama.cpp is built in, and what it uses of this processor. Any thread.
#pragma once

#include <string>

namespace zubr::engine {

std::string llama_cpp_version();  // "0.5.0 (build 1, commit 0123abc)"
std::string llama_cpp_features();  // "AVX512 = 1 | AMX_INT8 = 1 | …", the CPU features it was compiled with

}  // namespace zubr::engine
