#include "app/self_tests.h"

#include <sstream>

#include "core/child_process.h"
#include "engine/llama/self_test.h"

namespace zubr::app {
namespace {

// One test a line: passed or failed, name, detail, separated by tabs.
std::string run_matmul() {
  std::string lines;
  for (const engine::MatmulCheck& check : engine::check_matmul())
    lines += fmt::format("{}\t{}\t{}\n", check.passed ? "passed" : "failed", check.name, check.detail);
  return lines;
}

}  // namespace

std::vector<cli::SelfTest> self_tests() {
  const auto lines = core::run_in_child(run_matmul);
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
