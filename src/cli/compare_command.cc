// zubr compare
#include <algorithm>
#include <ostream>
#include <set>

#include "catalog/answers/fitting_models.h"
#include "cli/catalog_open.h"
#include "cli/catalog_text.h"
#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/table_text.h"
#include "core/display.h"

namespace zubr::cli {
namespace {

struct CompareArguments {
  std::vector<std::string> models;
  bool json = false;
};

using Cell = std::string (*)(const catalog::ModelCard&);

std::string speed_text(const catalog::ModelCard& card) {
  double best = 0;
  for (const auto& served : card.offers) best = std::max(best, served.offer.tokens_per_second.value_or(0));
  return best > 0 ? fmt::format("{:.0f}", best) : "-";
}

std::string smallest_text(const catalog::ModelCard& card) {
  return card.record.smallest_file ? core::display_bytes(*card.record.smallest_file) : "-";
}

void add_scores(const std::vector<catalog::ModelCard>& cards, TableText& table) {
  std::set<std::string> benchmarks;
  for (const auto& card : cards)
    for (const auto& score : card.scores) benchmarks.insert(score.score.benchmark);
  for (const std::string& benchmark : benchmarks) {
    std::vector<std::string> row{benchmark};
    int known = 0;
    for (const auto& card : cards) {
      const auto found =
          std::ranges::find(card.scores, benchmark, [](const auto& score) { return score.score.benchmark; });
      row.push_back(found == card.scores.end() ? "-" : score_text(found->score.value));
      known += found == card.scores.end() ? 0 : 1;
    }
    // A score of one model compares nothing.
    if (known > 1) table.add_row(std::move(row));
  }
}

void show_table(const std::vector<catalog::ModelCard>& cards, std::ostream& out) {
  std::vector<std::string> head{""};
  for (const auto& card : cards) head.push_back(card.record.address.name);
  TableText table(std::move(head));
  const auto row = [&](const std::string& what, Cell cell) {
    std::vector<std::string> cells{what};
    for (const auto& card : cards) cells.push_back(cell(card));
    table.add_row(std::move(cells));
  };
  using catalog::ModelCard;
  row(message("access"), [](const ModelCard& card) { return access_text(card.record); });
  row(message("licence"), [](const ModelCard& card) { return or_dash(card.record.license); });
  row(message("size"), [](const ModelCard& card) { return size_text(card.record); });
  row(message("context"), [](const ModelCard& card) { return tokens_text(card.record.context); });
  row(message("takes"), [](const ModelCard& card) { return or_dash(catalog::modalities_text(card.record.inputs)); });
  row(message("gives"), [](const ModelCard& card) { return or_dash(catalog::modalities_text(card.record.outputs)); });
  row(message("languages"), [](const ModelCard& card) {
    return card.record.languages.size() > 12 ? message("{} languages", card.record.languages.size())
                                             : or_dash(fmt::format("{}", fmt::join(card.record.languages, " ")));
  });
  row(message("$/M in"), [](const ModelCard& card) { return price_text(card.record.input); });
  row(message("$/M out"), [](const ModelCard& card) { return price_text(card.record.output); });
  row(message("providers"), [](const ModelCard& card) {
    std::set<std::string> providers;
    for (const auto& served : card.offers) providers.insert(served.offer.provider);
    return std::to_string(providers.size());
  });
  row(message("tokens/s, best"), &speed_text);
  row(message("smallest file"), &smallest_text);
  row(message("downloads"), [](const ModelCard& card) { return count_text(card.record.downloads); });
  row(message("pulls"), [](const ModelCard& card) { return count_text(card.record.pulls); });
  row(message("created"), [](const ModelCard& card) { return or_dash(card.record.created); });
  add_scores(cards, table);
  out << table.text();
}

Result<int> run_compare(const CompareArguments& arguments, Session& session) {
  ZUBR_TRY(catalog, open_catalog(session));
  ZUBR_TRY(cards, catalog::cards_to_compare(catalog, arguments.models));
  if (arguments.json) {
    std::vector<Json> items;
    for (const auto& card : cards) items.push_back(card_json(card));
    session.console.out << json_text(Json::array(std::move(items)));
    return kExitOk;
  }
  show_table(cards, session.console.out);
  return kExitOk;
}

}  // namespace

void add_compare(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(root, "compare", "Set models side by side", "Catalog",
                                       "  zubr compare llama3.1:70b gemma3:27b google/gemini-2.5-flash\n");
  const auto arguments = std::make_shared<CompareArguments>();
  command->add_option("NAME", arguments->models, "two or more models of the catalog")
      ->required()
      ->expected(2, 12)
      ->type_name("NAME");
  command->add_flag("--json", arguments->json, "as JSON");
  command->callback(
      [&line, arguments] { line.action = [arguments](Session& session) { return run_compare(*arguments, session); }; });
}

}  // namespace zubr::cli
