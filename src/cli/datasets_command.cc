// zubr datasets
#include <ostream>

#include "catalog/answers/search_arguments.h"
#include "cli/catalog_open.h"
#include "cli/catalog_text.h"
#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/table_text.h"

namespace zubr::cli {
namespace {

struct DatasetArguments {
  catalog::DatasetQuery query;
  std::string sort = "downloads";
  bool json = false;
};

// " text-generation translation " → "text-generation, …"
std::string first_word(const std::vector<std::string>& words) {
  if (words.empty()) return "-";
  const std::string& all = words.front();
  const std::size_t start = all.find_first_not_of(' ');
  if (start == std::string::npos) return "-";
  const std::size_t end = std::min(all.find(' ', start), all.size());
  return all.substr(start, end - start) + (end + 1 < all.size() ? ", …" : "");
}

Result<int> run_datasets(const DatasetArguments& arguments, Session& session) {
  ZUBR_TRY(catalog, open_catalog(session));
  catalog::DatasetQuery query = arguments.query;
  ZUBR_TRY(sort, catalog::parse_sort(arguments.sort, "--sort"));
  query.sort = sort;
  ZUBR_TRY(found, catalog::find_datasets(catalog, query));
  if (arguments.json) {
    session.console.out << json_text(catalog::datasets_json(found));
    return kExitOk;
  }
  if (found.empty()) {
    session.console.err << message("no data set is like that; try fewer words or filters") << "\n";
    return exit_code(ErrorCode::kNotFound);
  }
  TableText table({message("DATA SET"), message("ROWS"), message("TASKS"), message("LANGUAGES"), message("LICENCE"),
                   message("DOWNLOADS"), message("LIKES")});
  for (const auto& set : found)
    table.add_row({set.name, or_dash(set.size), first_word(set.tasks), first_word(set.languages), or_dash(set.license),
                   count_text(set.downloads), count_text(set.likes)});
  session.console.out << table.text();
  return kExitOk;
}

}  // namespace

void add_datasets(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(root, "datasets", "Find data sets", "Catalog",
                                       "  zubr datasets reasoning --lang pl --sort downloads\n");
  const auto arguments = std::make_shared<DatasetArguments>();
  auto& query = arguments->query;
  command->add_option("TEXT", query.text, "words of the name, task or tags; beginnings are enough")
      ->type_name(kTextType);
  command->add_option("--task", query.task, "text-generation, question-answering …")->type_name("TASK");
  command->add_option("--lang", query.language, "pl, en …")->type_name("LANGUAGE");
  command->add_option("--license", query.license, "apache-2.0 … or permissive: any that is free for companies")
      ->type_name("LICENSE");
  command->add_option("--author", query.author, "who published it")->type_name("NAME");
  command->add_option("--sort", arguments->sort, "the order [downloads]")->type_name("downloads|trending|new");
  command->add_option("--limit", query.limit, "rows [20]")->type_name(kNumberType)->check(CLI::Range(1, 1000));
  command->add_flag("--json", arguments->json, "as JSON");
  command->callback([&line, arguments] {
    line.action = [arguments](Session& session) { return run_datasets(*arguments, session); };
  });
}

}  // namespace zubr::cli
