// zubr search
#include <ostream>

#include "catalog/answers/search_arguments.h"
#include "catalog/fits.h"
#include "cli/catalog_open.h"
#include "cli/catalog_text.h"
#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/table_text.h"
#include "core/machine.h"

namespace zubr::cli {
namespace {

using catalog::kSortChoices;
using catalog::SearchArguments;

// What it does, in a word or two: what it takes beside text, else its task.
std::string kind_text(const catalog::ModelRecord& record) {
  if (record.task == "image-text-to-text" ||
      ((record.inputs & catalog::kImage) != 0 && record.outputs == catalog::kText))
    return message("text, sees");
  if (record.task == "text-generation" || record.task.empty()) return message("text");
  return record.task;
}

std::string use_text(const catalog::ModelRecord& record) {
  return count_text(record.downloads ? record.downloads : record.pulls);
}

void show_page(const catalog::SearchPage& page, const SearchArguments& arguments, Session& session) {
  TableText table({message("MODEL"), message("SIZE"), message("CONTEXT"), message("KIND"), message("ACCESS"),
                   message("LICENCE"), message("$/M IN"), message("$/M OUT"), message("SCORE"), message("USES")});
  for (const catalog::ModelRecord& record : page.records)
    table.add_row({record.address.name, size_text(record.parameters), tokens_text(record.context), kind_text(record),
                   access_text(record), or_dash(record.license), price_text(record.input), price_text(record.output),
                   score_text(record.score), use_text(record)});
  session.console.out << table.text();
  if (page.more)
    session.console.err << message("more: --page {}, or --limit; one of them closely: zubr show MODEL",
                                   arguments.page + 1)
                        << "\n";
}

Result<int> run_search(const SearchArguments& arguments, Session& session) {
  ZUBR_TRY(catalog, open_catalog(session));
  ZUBR_TRY(query, catalog::query_of(arguments, catalog));
  if (arguments.fits) query.fits_bytes = catalog::bytes_for_weights(core::memory_info().available);
  ZUBR_TRY(page, catalog::search(catalog, query));
  if (arguments.json) {
    session.console.out << json_text(catalog::page_json(page));
    return kExitOk;
  }
  if (page.records.empty()) {
    session.console.err << message("no model is like that; try fewer words or filters") << "\n";
    return exit_code(ErrorCode::kNotFound);
  }
  show_page(page, arguments, session);
  return kExitOk;
}

}  // namespace

void add_search(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(root, "search", "Find models, open and paid", "Catalog",
                                       "  zubr search llama --params 7b..13b --license permissive\n"
                                       "  zubr search --lang pl --open --sort downloads\n"
                                       "  zubr search --modality vision --max-price 0.5 --sort score\n"
                                       "Prices are dollars per million tokens of the cheapest provider; --max-price "
                                       "and --sort price count three\nparts input and one part output. SCORE is "
                                       "LMArena's text rating. It works without a network.\n");
  const auto arguments = std::make_shared<SearchArguments>();
  command->add_option("TEXT", arguments->text, "words of the name, author, task; beginnings are enough")
      ->type_name(kTextType);
  command->add_option("--task", arguments->task, "what it does: text-generation, text-to-image …")->type_name("TASK");
  command->add_option("--lang", arguments->language, "a language that it is made for: pl, en …")->type_name("LANGUAGE");
  command
      ->add_option("--license", arguments->license, "apache-2.0, mit … or permissive: any that is free for companies")
      ->type_name("LICENSE");
  command->add_option("--modality", arguments->modality, "what it takes or gives")
      ->type_name("text|vision|audio|video|file|vector");
  command->add_option("--author", arguments->author, "who made it: google, meta-llama …")->type_name("NAME");
  command->add_option("--params", arguments->parameters, "its size: 7b..13b, ..3b, 70b..")->type_name("RANGE");
  command->add_option("--context", arguments->context, "at least so many tokens: 128k")->type_name("TOKENS");
  command->add_flag("--open", arguments->open, "only models whose weights can be had");
  command->add_flag("--commercial", arguments->commercial, "only models that are served for money alone");
  command->add_flag("--not-gated", arguments->not_gated, "only models whose page asks for no consent");
  command->add_option("--max-price", arguments->max_price, "dollars per million tokens; free offers count too")
      ->type_name("DOLLARS");
  command->add_flag("--fits", arguments->fits, "only models that fit into this machine's free memory");
  command->add_option("--sort", arguments->sort, "the order [best]")->type_name(kSortChoices);
  command->add_option("--limit", arguments->limit, "rows [20]")->type_name(kNumberType)->check(CLI::Range(1, 1000));
  command->add_option("--page", arguments->page, "the next rows [1]")
      ->type_name(kNumberType)
      ->check(CLI::Range(1, 100000));
  command->add_flag("--json", arguments->json, "as JSON");
  command->callback(
      [&line, arguments] { line.action = [arguments](Session& session) { return run_search(*arguments, session); }; });
}

}  // namespace zubr::cli
