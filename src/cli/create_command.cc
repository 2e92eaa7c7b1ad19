// zubr create
#include "models/create.h"

#include <ostream>

#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "core/text_file.h"
#include "models/keep.h"

namespace zubr::cli {
namespace {

struct CreateArguments {
  std::string name, file = "Modelfile";
  bool replace = false;
};

Result<int> create(const CreateArguments& arguments, Session& session) {
  ZUBR_TRY(text, core::read_text_file(arguments.file, models::kMaxModelfileBytes));
  ZUBR_TRY(file, models::parse_modelfile(text));
  const models::CreateWishes wishes{
      .name = arguments.name,
      .replace = arguments.replace,
      .folder = arguments.file == "-" ? std::filesystem::path() : std::filesystem::path(arguments.file).parent_path(),
      .check = session.services.check_loads};
  ZUBR_TRY(report, models::create_model(session.home, session.store, file, wishes, session.interrupt.token()));
  session.console.err << message("'{}' is made from {}; to try it: zubr run {}", arguments.name, file.from.front(),
                                 arguments.name)
                      << "\n";
  for (const std::string& note : report.notes) session.console.err << message("note: {}", note) << "\n";
  return kExitOk;
}

}  // namespace

void add_create(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(root, "create", "Make a model of your own out of a Modelfile", "Models",
                                       "  zubr create mario -f Modelfile\n"
                                       "  printf 'FROM built-in\\nSYSTEM Be brief.\\n' | zubr create brief -f -\n"
                                       "A Modelfile says FROM a model, a GGUF file or a folder, and SYSTEM, TEMPLATE,\n"
                                       "PARAMETER, MESSAGE, ADAPTER, LICENSE. Files stay where they are.\n");
  const auto arguments = std::make_shared<CreateArguments>();
  command->add_option("NAME", arguments->name, "how to call it: a-z 0-9 . _ : -")->required()->type_name("NAME");
  command->add_option("-f,--file", arguments->file, "the Modelfile; - is standard input")->type_name(kFileType);
  command->add_flag("--replace", arguments->replace, "take the name from the model that has it");
  command->callback(
      [&line, arguments] { line.action = [arguments](Session& session) { return create(*arguments, session); }; });
}

}  // namespace zubr::cli
