#include "app/self_tests.h"

#include <sstream>

#include "core/child_process.h"
#include "engine/llama/self_test.h"

namespace zubr::app {
std::string self_test_lines() {
  std::string lines;
  for (const engine::MatmulCheck& check : engine::check_matmul())
    lines += fmt::format("{}\t{}\t{}\n", check.passed ? "passed" : "failed", check.name, check.detail);
  return lines;
}

std::vector<cli::SelfTest> self_tests() {
  const auto lines = core::output_of(core::own_program(), {kSelfTestArgument});
  if (!lines) return {{"matmul", false, lines.error().message()}};
  std::vector<cli::SelfTest> tests;
  std::istringstream in(*lines);
  for (std::string passed, name, detail;
       std::getline(in, passed, '\t') && std::getline(in, name, '\t') && std::getline(in, detail);)
    tests.push_back({name, passed == "passed", detail});
  if (tests.empty()) tests.push_back({"matmul", false, "it said nothing"});
  return tests;
}

}  // namespace zubr::app
