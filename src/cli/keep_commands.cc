// zubr list | cp | rm | export
#include <ostream>

#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/models_text.h"
#include "cli/table_text.h"
#include "core/display.h"
#include "models/keep.h"
#include "models/others/foreign_stores.h"

namespace zubr::cli {
namespace {

struct CopyArguments {
  std::string from, to;
  bool replace = false;
};

Result<int> copy(const CopyArguments& arguments, Session& session) {
  ZUBR_TRY(entry, models::copy_model(session.home, session.store, arguments.from, arguments.to, arguments.replace,
                                     session.interrupt.token()));
  session.console.err << message("'{}' is now the name of {}", entry.name, entry.file.string()) << "\n";
  return kExitOk;
}

Result<int> export_files(const CopyArguments& arguments, Session& session) {
  ZUBR_TRY(entry, session.store.find(arguments.from));
  const auto meter = session.progress_meter();
  meter->start(message("writing {}", arguments.to), "MB");
  const auto written = models::export_model(
      entry, arguments.to,
      [&](std::uint64_t done, std::uint64_t total) {
        meter->update(static_cast<std::int64_t>(done / 1'000'000), static_cast<std::int64_t>(total / 1'000'000));
      },
      session.interrupt.token());
  meter->finish();
  if (!written) return fail(written.error());
  for (const auto& file : *written) session.console.out << file.string() << "\n";
  return kExitOk;
}

Result<int> list_foreign(bool json, Session& session) {
  ZUBR_TRY(folder, models::ollama_folder(core::process_environment()));
  ZUBR_TRY(found, models::list_ollama(folder));
  std::vector<Json> items;
  TableText table({message("NAME"), message("SIZE")});
  for (const models::ForeignModel& model : found) {
    items.push_back(Json::object({{"name", model.name}, {"size", static_cast<std::int64_t>(model.bytes)}}));
    table.add_row({model.name, core::display_bytes(model.bytes)});
  }
  session.console.out << (json ? json_text(Json::array(std::move(items))) : table.text());
  return kExitOk;
}

}  // namespace

void add_list(CLI::App& root, CommandLine& line) {
  CLI::App* command =
      line.add_command(root, "list", "Show the models that are here", "Models", "  zubr list\n  zubr list --json\n");
  const auto json = std::make_shared<bool>(false);
  const auto names = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "as JSON");
  const auto ollama = std::make_shared<bool>(false);
  command->add_flag("--names", *names, "only the names, one a line");
  command->add_flag("--from-ollama", *ollama, "what Ollama keeps on this machine: zubr pull NAME --from-ollama");
  command->callback([&line, json, names, ollama] {
    line.action = [json, names, ollama](Session& session) {
      return *ollama ? list_foreign(*json, session) : list_models(*json, *names, session);
    };
  });
}

void add_cp(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(root, "cp", "Give a model another name; its files are shared", "Models",
                                       "  zubr cp llama3.1:8b support-bot\n");
  const auto arguments = std::make_shared<CopyArguments>();
  command->add_option("MODEL", arguments->from, "a name from `zubr list`")->required()->type_name(kModelType);
  command->add_option("NAME", arguments->to, "the other name: a-z 0-9 . _ : -")->required()->type_name("NAME");
  command->add_flag("--replace", arguments->replace, "take the name from the model that has it");
  command->callback(
      [&line, arguments] { line.action = [arguments](Session& session) { return copy(*arguments, session); }; });
}

void add_rm(CLI::App& root, CommandLine& line) {
  CLI::App* command =
      line.add_command(root, "rm", "Forget models and remove what no other model needs", "Models",
                       "  zubr rm llama3.1:8b\n"
                       "Files that were pulled go with the last model that needs them; a file of your own stays.\n");
  const auto names = std::make_shared<std::vector<std::string>>();
  command->add_option("MODEL", *names, "names from `zubr list`")->required()->type_name(kModelType);
  command->callback(
      [&line, names] { line.action = [names](Session& session) { return remove_models(*names, session); }; });
}

void add_export(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(root, "export", "Write a model's files somewhere else", "Models",
                                       "  zubr export llama3.1:8b llama.gguf\n  zubr export support-bot folder/\n"
                                       "Into a folder goes all of it, with a Modelfile that `zubr create` reads.\n");
  const auto arguments = std::make_shared<CopyArguments>();
  command->add_option("MODEL", arguments->from, "a name from `zubr list`")->required()->type_name(kModelType);
  command->add_option("FILE", arguments->to, "a file, or a folder")->required()->type_name(kFileType);
  line.add_setting(*command, "progress");
  command->callback([&line, arguments] {
    line.action = [arguments](Session& session) { return export_files(*arguments, session); };
  });
}

}  // namespace zubr::cli
