// zubr catalog
#include <ostream>

#include "catalog/answers/search_arguments.h"
#include "cli/catalog_open.h"
#include "cli/catalog_update.h"
#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/json_text.h"
#include "cli/table_text.h"

namespace zubr::cli {
namespace {

struct UpdateArguments {
  UpdateWishes wishes;
  std::string parameters;
  bool gated = false, not_gated = false, json = false;
  std::int64_t limit = 0;
};

Result<int> update(UpdateArguments arguments, Session& session) {
  if (arguments.gated && arguments.not_gated)
    return fail(ErrorCode::kInvalidArgument, "--gated and --not-gated together leave nothing; give one of them");
  catalog::HubFilter& filter = arguments.wishes.filter;
  if (arguments.gated || arguments.not_gated) filter.gated = arguments.gated;
  if (arguments.limit > 0) filter.limit = arguments.limit;
  if (!arguments.parameters.empty()) {
    ZUBR_TRY(range, catalog::parse_parameter_range(arguments.parameters, "--params"));
    filter.min_parameters = range.min;
    filter.max_parameters = range.max;
  }
  return update_catalog(arguments.wishes, arguments.json, session);
}

Result<int> list_sources(bool json, Session& session) {
  ZUBR_TRY(catalog, open_catalog(session));
  ZUBR_TRY(sources, catalog.sources());
  if (json) {
    std::vector<Json> items;
    for (const auto& source : sources)
      items.push_back(Json::object(
          {{"source", source.name}, {"url", source.url}, {"date", source.date}, {"license", source.license}}));
    session.console.out << json_text(Json::array(std::move(items)));
    return kExitOk;
  }
  TableText table({message("SOURCE"), message("AS OF"), message("LICENCE"), message("ADDRESS")});
  for (const auto& source : sources)
    table.add_row({source.name, source.date.empty() ? "-" : source.date, source.license.empty() ? "-" : source.license,
                   source.url});
  session.console.out << table.text();
  return kExitOk;
}

void add_update(CLI::App& catalog, CommandLine& line) {
  CLI::App* command =
      line.add_command(catalog, "update", "Read anew what models there are, their prices and scores", "",
                       "  zubr catalog update\n"
                       "  zubr catalog update --source openrouter --json\n"
                       "  zubr catalog update --source hf --search bielik --author speakleash --limit 200\n"
                       "An interrupted update goes on where it was. The filters are of Hugging Face, and choose it.\n");
  const auto arguments = std::make_shared<UpdateArguments>();
  auto& filter = arguments->wishes.filter;
  command->add_option("--source", arguments->wishes.sources, "only this one; may be given several times [all]")
      ->type_name(kSourceChoices)
      ->allow_extra_args(false);
  command->add_flag("--dry-run", arguments->wishes.dry_run, "read everything, say what would change, keep nothing");
  command->add_option("--search", filter.search, "words in the name")->type_name(kTextType);
  command->add_option("--author", filter.author, "whose: google, speakleash …")->type_name("NAME");
  command->add_option("--tag", filter.tags, "gguf, a library, dataset:…; may be given several times")
      ->type_name("TAG")
      ->allow_extra_args(false);
  command->add_option("--task", filter.task, "text-generation, text-to-image …")->type_name("TASK");
  command->add_option("--lang", filter.language, "pl, en …")->type_name("LANGUAGE");
  command->add_option("--license", filter.license, "apache-2.0, mit …")->type_name("LICENSE");
  command->add_option("--params", arguments->parameters, "size: 7b..13b, ..3b, 70b..")->type_name("RANGE");
  command->add_flag("--gated", arguments->gated, "only what asks for consent");
  command->add_flag("--not-gated", arguments->not_gated, "only what asks for none");
  command->add_option("--sort", filter.sort, "which come first [downloads]")->type_name(catalog::kHubSorts);
  command->add_option("--limit", arguments->limit, "at most so many of Hugging Face")
      ->type_name(kNumberType)
      ->check(CLI::Range(1, 5000000));
  command->add_flag("--json", arguments->json, "what changed, as JSON");
  for (const char* name : {"catalog.openrouter_url", "catalog.ollama_url", "catalog.litellm_url",
                           "catalog.models_dev_url", "catalog.lmarena_url", "catalog.aider_url", "catalog.open_llm_url",
                           "catalog.hf_models", "catalog.hf_datasets", "net.proxy", "net.ca_file", "progress"})
    line.add_setting(*command, name);
  command->callback(
      [&line, arguments] { line.action = [arguments](Session& session) { return update(*arguments, session); }; });
}

}  // namespace

void add_catalog(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(root, "catalog", "Bring the catalog of models up to date", "Catalog");
  command->require_subcommand(1);
  add_update(*command, line);
  CLI::App* sources = line.add_command(*command, "sources", "Where the catalog is from, and as of when", "");
  const auto json = std::make_shared<bool>(false);
  sources->add_flag("--json", *json, "as JSON");
  sources->callback([&line, json] { line.action = [json](Session& session) { return list_sources(*json, session); }; });
}

}  // namespace zubr::cli
