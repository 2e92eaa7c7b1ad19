#include "cli/program.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <algorithm>
#include <ostream>

#include "cli/command_line.h"
#include "cli/elsewhere_commands.h"
#include "cli/exit_code.h"
#include "cli/suggest.h"
#include "core/log.h"
#include "core/machine.h"

namespace zubr::cli {
namespace {

constexpr std::size_t kHelpColumn = 34;

int report(const Error& error, Console& console) {
  console.err << "zubr: " << error.message() << "\n";
  return exit_code(error.code());
}

// The language must be known before the first message, that is before parsing.
std::string language_flag(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--") break;
    if (arguments[i] == "--language" && i + 1 < arguments.size()) return arguments[i + 1];
    if (arguments[i].starts_with("--language=")) return arguments[i].substr(11);
  }
  return {};
}

void print_version(const Services& services, std::ostream& out) {
  out << "zubr " << services.version << "\n";
  for (const Component& component : services.components()) out << component.name << " " << component.version << "\n";
}

void declare_commands(CLI::App& root, CommandLine& line) {
  root.fallthrough();
  root.require_subcommand(0, 1);
  root.set_help_flag("-h,--help", "show this help");
  root.get_formatter()->column_width(kHelpColumn);
  root.footer("Settings: docs/config.md, or zubr config list. Exit codes: zubr help exit-codes.");
  add_classify(root, line);
  add_embed(root, line);
  add_job(root, line);
  add_run(root, line);
  add_serve(root, line);
  add_keys(root, line);
  add_models(root, line);
  add_pull(root, line);
  add_push(root, line);
  add_create(root, line);
  add_list(root, line);
  add_cp(root, line);
  add_rm(root, line);
  add_export(root, line);
  add_verify(root, line);
  add_quantize(root, line);
  add_gc(root, line);
  add_search(root, line);
  add_show(root, line);
  add_compare(root, line);
  add_leaderboard(root, line);
  add_datasets(root, line);
  add_fits(root, line);
  add_catalog(root, line);
  add_tune(root, line);
  add_eval(root, line);
  add_pretrain(root, line);
  add_providers(root, line);
  add_route(root, line);
  add_usage(root, line);
  add_budget(root, line);
  add_config(root, line);
  add_doctor(root, line);
  add_completion(root, line);
  add_help(root, line);
  line.add_setting(root, "language");
  line.add_setting(root, "log.level");
}

// Runs what the command line asked for, with settings that are complete.
Result<int> act(const CommandLine& line, core::Settings settings, const std::filesystem::path& home,
                const Services& services, Console& console) {
  for (const auto& [name, text] : line.flags()) ZUBR_CHECK(settings.set_flag(name, text));
  core::set_language(settings.text("language"));
  core::set_log_level(settings.text("log.level"));
  Session session(services, std::move(settings), home, console);
  auto code = line.action(session);
  console.out.flush();
  if (code && !console.out)
    return fail(ErrorCode::kIo, "cannot write to standard output; is it closed, or the disk full?");
  return code;
}

}  // namespace

int run_program(const std::vector<std::string>& arguments, const core::SettingsRegistry& registry,
                const Services& services, const core::Environment& environment, Console& console) {
  core::set_language("en");
  const auto home = core::zubr_home(environment);
  auto settings = home ? core::Settings::load(registry, *home / "config.toml", environment) : fail(home.error());
  const std::string flag = language_flag(arguments);
  if (!flag.empty()) {
    core::set_language(flag);
  } else if (settings) {
    core::set_language(settings->text("language"));
  }

  CLI::App root("Runs open AI models on this machine: sorts tables, answers, serves.", "zubr");
  CommandLine line(registry);
  declare_commands(root, line);
  bool version = false;
  root.add_flag("--version", version, "show the versions of zubr and of what it is built on");
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    root.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    console.out << help_of_parsed(root);
    return kExitOk;
  } catch (const CLI::ParseError& error) {
    return report(explain(root, error), console);
  }
  if (version) {
    print_version(services, console.out);
    return kExitOk;
  }
  if (!line.action) {
    console.err << help_of_parsed(root);
    return kExitUsage;
  }
  if (!settings && line.action_reads_settings) return report(settings.error(), console);
  if (!settings) settings = core::Settings::load(registry, {}, [](const std::string&) { return std::nullopt; });
  const auto code = act(line, std::move(*settings), home.value_or(std::filesystem::path()), services, console);
  return code ? *code : report(code.error(), console);
}

}  // namespace zubr::cli
