#include "engine/llama/build_info.h"

#include <build-info.h>
#include <fmt/format.h>
#include <llama.h>

#include "engine/llama/log_capture.h"

namespace zubr::engine {

std::string llama_cpp_version() {
  return fmt::format("{} (build {}, commit {})", llama_version(), llama_build_number(), llama_commit());
}

std::string llama_cpp_features() {
  initialise_llama();
  return llama_print_system_info();
}

}  // namespace zubr::engine
