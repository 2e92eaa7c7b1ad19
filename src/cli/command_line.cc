#include "cli/command_line.h"

namespace zubr::cli {
namespace {

std::string type_name(const core::Setting& setting) {
  if (!setting.choices.empty()) return fmt::format("{}", fmt::join(setting.choices, "|"));
  if (setting.name == "model") return kModelType;
  return setting.type == core::SettingType::kText ? kTextType : kNumberType;
}

}  // namespace

CLI::App* CommandLine::add_command(CLI::App& parent, const std::string& name, const std::string& what,
                                   const std::string& group, const std::string& examples) const {
  CLI::App* command = parent.add_subcommand(name, what)->group(group);
  command->set_help_flag("-h,--help", "show this help");
  command->footer(examples.empty() ? std::string() : fmt::format("Examples:\n{}", examples));
  return command;
}

void CommandLine::add_setting(CLI::App& command, std::string_view name) {
  const core::Setting& setting = *registry_->find(name);
  const std::string flag = setting.flag_name();
  const std::string help = fmt::format("{} [{}]", setting.help, setting.env_name());
  const std::string key = setting.name;
  CLI::Option* option = nullptr;
  if (setting.type == core::SettingType::kBool) {
    option = command.add_flag_callback(
        flag, [this, key] { flags_[key] = "true"; }, help);
    command
        .add_flag_callback(
            fmt::format("--no-{}", flag.substr(2)), [this, key] { flags_[key] = "false"; }, message("not {}", flag))
        ->group("Settings");
  } else {
    option = command.add_option_function<std::string>(
        flag, [this, key](const std::string& text) { flags_[key] = text; }, help);
    option->type_name(type_name(setting))->default_str(setting.fallback);
  }
  option->group("Settings");
}

}  // namespace zubr::cli
