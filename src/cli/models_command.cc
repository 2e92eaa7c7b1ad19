// zubr models add | list | rm
#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/json_text.h"
#include "cli/table_text.h"
#include "core/display.h"

namespace zubr::cli {
namespace {

struct AddArguments {
  std::string file, name;
  bool replace = false;
};

Result<int> add(const AddArguments& arguments, Session& session) {
  ZUBR_TRY(entry, session.store.add(arguments.file, arguments.name, arguments.replace));
  session.console.err << message("'{}' is now the name of {}", entry.name, entry.file.string()) << "\n";
  return kExitOk;
}

std::string parameters_text(std::int64_t parameters) {
  if (parameters <= 0) return "?";
  const auto count = static_cast<double>(parameters);
  if (count >= 1e9) return fmt::format("{:.2f}B", count / 1e9);
  return count >= 1e6 ? fmt::format("{:.1f}M", count / 1e6) : fmt::format("{:.0f}K", count / 1e3);
}

std::string or_unknown(const std::string& text) { return text.empty() ? "?" : text; }

std::string list_json(const std::vector<models::ModelEntry>& entries) {
  std::vector<Json> items;
  for (const auto& entry : entries)
    items.push_back(Json::object({{"name", entry.name},
                                  {"path", entry.shipped ? std::string() : entry.file.string()},
                                  {"built_in", entry.shipped},
                                  {"missing", entry.missing},
                                  {"size", static_cast<std::int64_t>(entry.facts.bytes)},
                                  {"architecture", entry.facts.architecture},
                                  {"parameters", entry.facts.parameters},
                                  {"quantization", entry.facts.quantization},
                                  {"context", entry.facts.context_tokens}}));
  return json_text(Json::array(std::move(items)));
}

Result<int> list(bool json, bool names, Session& session) {
  ZUBR_TRY(entries, session.store.list());
  if (json) {
    session.console.out << list_json(entries);
    return kExitOk;
  }
  if (names) {
    for (const auto& entry : entries) session.console.out << entry.name << "\n";
    return kExitOk;
  }
  if (entries.empty()) {
    session.console.err << message("no models yet; add one: zubr models add FILE --name NAME") << "\n";
    return kExitOk;
  }
  TableText table({message("NAME"), message("SIZE"), message("ARCHITECTURE"), message("PARAMETERS"),
                   message("QUANTIZATION"), message("CONTEXT"), message("FILE")});
  for (const auto& entry : entries)
    table.add_row({entry.name, core::display_bytes(entry.facts.bytes), or_unknown(entry.facts.architecture),
                   parameters_text(entry.facts.parameters), or_unknown(entry.facts.quantization),
                   entry.facts.context_tokens > 0 ? core::display_count(entry.facts.context_tokens) : "?",
                   entry.shipped ? message("(inside zubr)")
                                 : entry.file.string() + (entry.missing ? message(" (missing)") : std::string())});
  session.console.out << table.text();
  return kExitOk;
}

Result<int> remove(const std::string& name, Session& session) {
  ZUBR_TRY(entry, session.store.remove(name));
  session.console.err << message("forgot '{}'; the file stays: {}", entry.name, entry.file.string()) << "\n";
  return kExitOk;
}

}  // namespace

void add_models(CLI::App& root, CommandLine& line) {
  CLI::App* models = line.add_command(root, "models", "Give models names, list and forget them", "Models");
  models->require_subcommand(0, 1);

  CLI::App* add_command =
      line.add_command(*models, "add", "Give a GGUF file a name; the file stays where it is", "Commands",
                       "  zubr models add ~/models/bielik-1.5b-q8_0.gguf --name bielik\n");
  const auto arguments = std::make_shared<AddArguments>();
  add_command->add_option("FILE", arguments->file, "a GGUF file")->required()->type_name(kFileType);
  add_command->add_option("--name", arguments->name, "how to call it: a-z 0-9 . _ : -")->required()->type_name("NAME");
  add_command->add_flag("--replace", arguments->replace, "take the name from the model that has it");
  add_command->callback(
      [&line, arguments] { line.action = [arguments](Session& session) { return add(*arguments, session); }; });

  CLI::App* list_command = line.add_command(*models, "list", "Show the models that have a name", "Commands");
  const auto json = std::make_shared<bool>(false);
  const auto names = std::make_shared<bool>(false);
  list_command->add_flag("--json", *json, "as JSON");
  list_command->add_flag("--names", *names, "only the names, one a line");
  list_command->callback(
      [&line, json, names] { line.action = [json, names](Session& session) { return list(*json, *names, session); }; });

  CLI::App* rm_command = line.add_command(*models, "rm", "Forget a name; the file stays", "Commands");
  const auto name = std::make_shared<std::string>();
  rm_command->add_option("NAME", *name, "the model to forget")->required()->type_name(kModelType);
  rm_command->callback([&line, name] { line.action = [name](Session& session) { return remove(*name, session); }; });
}

}  // namespace zubr::cli
