// zubr config list | get | docs
#include <algorithm>
#include <ostream>

#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/json_text.h"
#include "cli/table_text.h"

namespace zubr::cli {
namespace {

const char* source_name(core::SettingSource source) {
  switch (source) {
    case core::SettingSource::kDefault: return "default";
    case core::SettingSource::kFile: return "file";
    case core::SettingSource::kEnvironment: return "environment";
    case core::SettingSource::kFlag: return "flag";
  }
  return "default";
}

Result<int> list(bool json, Session& session) {
  std::vector<Json> items;
  TableText table({message("SETTING"), message("VALUE"), message("FROM")});
  for (const core::Setting& setting : session.settings.registry().all()) {
    const core::SettingValue& value = session.settings.value(setting.name);
    items.push_back(Json::object({{"name", setting.name},
                                  {"value", value.text},
                                  {"source", source_name(value.source)},
                                  {"origin", value.origin}}));
    table.add_row({setting.name, value.text.empty() ? message("(none)") : value.text, value.origin});
  }
  session.console.out << (json ? json_text(Json::array(std::move(items))) : table.text());
  return kExitOk;
}

}  // namespace

void add_config(CLI::App& root, CommandLine& line) {
  CLI::App* config = line.add_command(root, "config", "Show settings and where their values come from", "This program");
  config->require_subcommand(0, 1);

  CLI::App* list_command =
      line.add_command(*config, "list", "Show every setting, its value and where that came from", "Commands");
  const auto json = std::make_shared<bool>(false);
  list_command->add_flag("--json", *json, "as JSON");
  list_command->callback([&line, json] { line.action = [json](Session& session) { return list(*json, session); }; });

  CLI::App* get_command =
      line.add_command(*config, "get", "Show the value of one setting", "Commands", "  zubr config get model\n");
  const auto name = std::make_shared<std::string>();
  get_command->add_option("NAME", *name, "the setting")->required()->type_name("SETTING");
  get_command->callback([&line, name] {
    line.action = [name](Session& session) -> Result<int> {
      ZUBR_TRY(value, session.settings.find(*name));
      session.console.out << value.text << "\n";
      return kExitOk;
    };
  });

  CLI::App* docs_command = line.add_command(*config, "docs", "Print the page docs/config.md", "Commands");
  docs_command->callback([&line] {
    line.action_reads_settings = false;
    line.action = [](Session& session) -> Result<int> {
      session.console.out << core::settings_markdown(session.settings.registry());
      return kExitOk;
    };
  });
}

}  // namespace zubr::cli
