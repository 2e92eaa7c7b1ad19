// zubr doctor
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/json_text.h"
#include "core/display.h"
#include "core/machine.h"

namespace zubr::cli {
namespace {

struct Findings {
  std::string processor;
  std::vector<core::CpuFeature> features;
  int cores = 0;
  int threads = 0;
  core::MemoryInfo memory;
  std::uint64_t disk_free = 0;
  std::string disk_path;
  std::string disk_error;
  std::vector<Component> components;
  std::vector<SelfTest> tests;

  bool healthy() const {
    for (const SelfTest& test : tests)
      if (!test.passed) return false;
    return true;
  }
};

Findings examine(Session& session) {
  Findings found;
  found.processor = core::cpu_name();
  found.features = core::cpu_features();
  found.cores = core::usable_cores();
  const auto threads = static_cast<int>(session.settings.integer("threads"));
  found.threads = threads > 0 ? threads : found.cores;
  found.memory = core::memory_info();
  found.disk_path = session.home.string();
  if (const auto free = core::free_disk_bytes(session.home)) {
    found.disk_free = *free;
  } else {
    found.disk_error = free.error().message();
  }
  found.components.push_back({"zubr", session.services.version});
  for (Component& component : session.services.components()) found.components.push_back(std::move(component));
  found.tests = session.services.self_tests();
  return found;
}

std::string as_json(const Findings& found) {
  std::vector<JsonMember> features, components;
  for (const auto& feature : found.features) features.emplace_back(std::string(feature.name), feature.present);
  for (const auto& component : found.components)
    components.emplace_back(component.name,
                            Json::object({{"version", component.version}, {"features", component.features}}));
  std::vector<Json> tests;
  for (const auto& test : found.tests)
    tests.push_back(Json::object({{"name", test.name}, {"passed", test.passed}, {"detail", test.detail}}));
  return json_text(Json::object({{"healthy", found.healthy()},
                                 {"processor", found.processor},
                                 {"features", Json::object(std::move(features))},
                                 {"cores", found.cores},
                                 {"threads", found.threads},
                                 {"memory_bytes", static_cast<std::int64_t>(found.memory.total)},
                                 {"memory_available_bytes", static_cast<std::int64_t>(found.memory.available)},
                                 {"home", found.disk_path},
                                 {"disk_free_bytes", static_cast<std::int64_t>(found.disk_free)},
                                 {"components", Json::object(std::move(components))},
                                 {"self_tests", Json::array(std::move(tests))}}));
}

std::string row(const std::string& name, const std::string& value) { return fmt::format("{:<14} {}\n", name, value); }

// How many passed, and each that did not.
std::string tests_text(const std::vector<SelfTest>& tests) {
  const auto passed = std::ranges::count_if(tests, &SelfTest::passed);
  std::string text = row(message("self-test"), message("{} of {} right", passed, tests.size()));
  for (const SelfTest& test : tests)
    if (!test.passed) text += row("", fmt::format("{} {}: {}", message("FAILED"), test.name, test.detail));
  return text;
}

std::string as_text(const Findings& found) {
  std::string has, lacks;
  for (const auto& feature : found.features) (feature.present ? has : lacks) += fmt::format(" {}", feature.name);
  std::string text = row(message("processor"), found.processor.empty() ? "?" : found.processor);
  text += row(message("features"), has.empty() ? "-" : has.substr(1));
  if (!lacks.empty()) text += row(message("without"), lacks.substr(1));
  text += row(message("threads"), message("{} of {} usable cores", found.threads, found.cores));
  text += row(message("memory"), message("{}, {} available", core::display_bytes(found.memory.total),
                                         core::display_bytes(found.memory.available)));
  text += row(message("disk"), found.disk_error.empty()
                                   ? message("{} free for {}", core::display_bytes(found.disk_free), found.disk_path)
                                   : found.disk_error);
  for (const auto& component : found.components) {
    text += row(component.name, component.version);
    if (!component.features.empty()) text += row("", component.features);
  }
  return text + tests_text(found.tests);
}

}  // namespace

void add_doctor(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(root, "doctor", "Look at this machine and test the arithmetic", "This program");
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "as JSON");
  line.add_setting(*command, "threads");
  command->callback([&line, json] {
    line.action = [json](Session& session) -> Result<int> {
      const Findings found = examine(session);
      session.console.out << (*json ? as_json(found) : as_text(found));
      if (!found.healthy())
        return fail(ErrorCode::kInternal,
                    "a self-test failed: answers on this machine cannot be trusted; rebuild with tools/setup.sh, and "
                    "report it");
      return kExitOk;
    };
  });
}

}  // namespace zubr::cli
