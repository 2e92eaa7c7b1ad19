// The command line while it is being declared and parsed. Each command is one file with one function that adds it to
// the tree; what a command does is left in `action` by the parser's callback and runs after parsing.
#pragma once

#include <CLI/App.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "cli/session.h"
#include "core/setting.h"

namespace zubr::cli {

class CommandLine {
 public:
  // `registry` must live as long as the object.
  explicit CommandLine(const core::SettingsRegistry& registry) : registry_(&registry) {}

  // A subcommand with a group for the help, and examples below its options.
  CLI::App* add_command(CLI::App& parent, const std::string& name, const std::string& what, const std::string& group,
                        const std::string& examples = {}) const;

  // Declares the flag of a setting; its text, help and default come from the declaration.
  void add_setting(CLI::App& command, std::string_view name);

  // An exit code, or an error that run_program() prints and turns into one.
  using Action = std::function<Result<int>(Session&)>;
  Action action;
  bool action_reads_settings = true;  // false: works even with a broken config.toml

  const std::map<std::string, std::string>& flags() const { return flags_; }
  const core::SettingsRegistry& registry() const { return *registry_; }

 private:
  const core::SettingsRegistry* registry_;
  std::map<std::string, std::string> flags_;  // setting → text from the command line
};

// The type names that completion and help know: what an option's value is.
inline constexpr const char* kFileType = "FILE";
inline constexpr const char* kModelType = "MODEL";
inline constexpr const char* kTextType = "TEXT";
inline constexpr const char* kNumberType = "N";
inline constexpr const char* kColumnType = "COLUMN";

void add_classify(CLI::App& root, CommandLine& line);
void add_run(CLI::App& root, CommandLine& line);
void add_embed(CLI::App& root, CommandLine& line);
void add_job(CLI::App& root, CommandLine& line);
void add_serve(CLI::App& root, CommandLine& line);
void add_keys(CLI::App& root, CommandLine& line);
void add_models(CLI::App& root, CommandLine& line);
void add_create(CLI::App& root, CommandLine& line);
void add_push(CLI::App& root, CommandLine& line);
void add_list(CLI::App& root, CommandLine& line);
void add_cp(CLI::App& root, CommandLine& line);
void add_rm(CLI::App& root, CommandLine& line);
void add_export(CLI::App& root, CommandLine& line);
void add_verify(CLI::App& root, CommandLine& line);
void add_quantize(CLI::App& root, CommandLine& line);
void add_pull(CLI::App& root, CommandLine& line);
void add_gc(CLI::App& root, CommandLine& line);
void add_search(CLI::App& root, CommandLine& line);
void add_show(CLI::App& root, CommandLine& line);
void add_compare(CLI::App& root, CommandLine& line);
void add_leaderboard(CLI::App& root, CommandLine& line);
void add_datasets(CLI::App& root, CommandLine& line);
void add_catalog(CLI::App& root, CommandLine& line);
void add_fits(CLI::App& root, CommandLine& line);
void add_tune(CLI::App& root, CommandLine& line);
void add_eval(CLI::App& root, CommandLine& line);
void add_pretrain(CLI::App& root, CommandLine& line);
void add_config(CLI::App& root, CommandLine& line);
void add_doctor(CLI::App& root, CommandLine& line);
void add_completion(CLI::App& root, CommandLine& line);
void add_help(CLI::App& root, CommandLine& line);

}  // namespace zubr::cli
