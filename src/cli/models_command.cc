// zubr models add | list | rm
#include <ostream>

#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/models_text.h"

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
  list_command->callback([&line, json, names] {
    line.action = [json, names](Session& session) { return list_models(*json, *names, session); };
  });

  CLI::App* rm_command = line.add_command(*models, "rm", "Forget a name; a file of your own stays", "Commands");
  const auto name = std::make_shared<std::string>();
  rm_command->add_option("NAME", *name, "the model to forget")->required()->type_name(kModelType);
  rm_command->callback(
      [&line, name] { line.action = [name](Session& session) { return remove_models({*name}, session); }; });
}

}  // namespace zubr::cli
