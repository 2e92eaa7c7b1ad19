// zubr show
#include <algorithm>
#include <ostream>

#include "catalog/facts_text.h"
#include "cli/catalog_open.h"
#include "cli/catalog_text.h"
#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/models_text.h"
#include "cli/table_text.h"
#include "core/display.h"
#include "models/keep.h"

namespace zubr::cli {
namespace {

constexpr std::size_t kShortOffers = 15;
constexpr std::size_t kShortFiles = 12;
constexpr std::size_t kShortNames = 8;

struct ShowArguments {
  std::string model;
  bool all = false, json = false, modelfile = false;
};

std::string join(const std::vector<std::string>& words) { return fmt::format("{}", fmt::join(words, ", ")); }

std::string relation_words(const catalog::ModelRecord& record) {
  switch (record.relation) {
    case catalog::BaseRelation::kFinetune: return message("trained from {}", record.base);
    case catalog::BaseRelation::kQuantized: return message("quantized from {}", record.base);
    case catalog::BaseRelation::kAdapter: return message("an adapter of {}", record.base);
    case catalog::BaseRelation::kMerge: return message("merged from {}", record.base);
    case catalog::BaseRelation::kNone: break;
  }
  return {};
}

void show_head(const catalog::ModelCard& card, std::ostream& out) {
  const catalog::ModelRecord& record = card.record;
  out << record.name << " (" << record.address.name << ")\n";
  const auto line = [&out](const std::string& what, const std::string& value) {
    if (!value.empty() && value != "-") out << fmt::format("  {:<12}{}\n", what, value);
  };
  line(message("access"), access_text(record));
  line(message("licence"), license_line(record));
  line(message("size"), size_text(record));
  line(message("context"), record.context ? core::display_count(*record.context) : "");
  line(message("task"), record.task);
  line(message("takes"), catalog::modalities_text(record.inputs));
  line(message("gives"), catalog::modalities_text(record.outputs));
  line(message("languages"), join(record.languages));
  line(message("from"), relation_words(record));
  line(message("created"), record.created);
  line(message("downloads"), record.downloads ? count_text(record.downloads) : "");
  line(message("pulls"), record.pulls ? count_text(record.pulls) : "");
}

void show_addresses(const catalog::ModelCard& card, bool all, std::ostream& out) {
  out << "\n" << message("known as") << "\n";
  std::size_t hidden = 0;
  std::map<std::string, std::size_t> shown;
  for (const auto& address : card.addresses) {
    // Labels of our own tables are no names that anybody could use.
    if (address.source == "facts" || address.name.find('@') != std::string::npos) continue;
    if (!all && ++shown[address.source] > 3) {
      ++hidden;
      continue;
    }
    out << fmt::format("  {:<12}{}\n", address.source, address.name);
  }
  if (hidden > 0) out << "  " << message("… and {} more: --all", hidden) << "\n";
}

void show_files(const catalog::ModelCard& card, bool all, std::ostream& out) {
  if (card.files.empty()) return;
  out << "\n" << message("to run here") << "\n";
  TableText table({"  " + message("PULL"), message("QUANTIZATION"), message("SIZE")});
  const std::size_t count = all ? card.files.size() : std::min(card.files.size(), kShortFiles);
  for (std::size_t i = 0; i < count; ++i) {
    const catalog::ModelFile& file = card.files[i];
    table.add_row(
        {"  " + file.name, or_dash(file.quantization), file.bytes > 0 ? core::display_bytes(file.bytes) : "-"});
  }
  out << table.text();
  if (count < card.files.size()) out << "  " << message("… and {} more: --all", card.files.size() - count) << "\n";
}

std::string privacy_text(const catalog::Offer& offer) {
  if (!offer.trains && !offer.retains) return "-";
  if (offer.trains == true) return message("trains on it");
  if (offer.retains == true) return message("keeps it");
  return message("keeps nothing");
}

void show_offers(const catalog::ModelCard& card, bool all, std::ostream& out) {
  if (card.offers.empty()) return;
  out << "\n" << message("served by (dollars per million tokens)") << "\n";
  TableText table({"  " + message("PROVIDER"), message("IN"), message("OUT"), message("CONTEXT"), message("PRECISION"),
                   message("FIRST TOKEN"), message("TOKENS/S"), message("PROMPTS"), message("LISTED BY")});
  const std::size_t count = all ? card.offers.size() : std::min(card.offers.size(), kShortOffers);
  for (std::size_t i = 0; i < count; ++i) {
    const catalog::Offer& offer = card.offers[i].offer;
    const std::string provider = offer.provider + (offer.tag.empty() ? "" : " (" + offer.tag + ")");
    table.add_row({"  " + provider, price_text(offer.input), price_text(offer.output), tokens_text(offer.context),
                   or_dash(offer.quantization), offer.latency_ms ? fmt::format("{:.0f} ms", *offer.latency_ms) : "-",
                   offer.tokens_per_second ? fmt::format("{:.0f}", *offer.tokens_per_second) : "-", privacy_text(offer),
                   card.offers[i].listing.source});
  }
  out << table.text();
  if (count < card.offers.size()) out << "  " << message("… and {} more: --all", card.offers.size() - count) << "\n";
}

void show_rest(const catalog::ModelCard& card, bool all, std::ostream& out) {
  if (!card.scores.empty()) {
    out << "\n" << message("scores") << "\n";
    TableText table({"  " + message("BENCHMARK"), message("SCORE"), message("AS OF"), message("SOURCE")});
    for (const auto& score : card.scores)
      table.add_row(
          {"  " + score.score.benchmark, score_text(score.score.value), or_dash(score.score.date), score.source});
    out << table.text();
  }
  if (!card.derived.empty()) {
    out << "\n" << message("made from it ({})", card.derived_count) << "\n";
    const std::size_t count = all ? card.derived.size() : std::min(card.derived.size(), kShortNames);
    for (std::size_t i = 0; i < count; ++i) out << "  " << card.derived[i] << "\n";
  }
  if (all && !card.history.empty()) {
    out << "\n" << message("prices, newest first") << "\n";
    TableText table({"  " + message("DAY"), message("PROVIDER"), message("IN"), message("OUT"), message("LISTED BY")});
    for (const auto& point : card.history)
      table.add_row(
          {"  " + point.day, point.provider, price_text(point.input), price_text(point.output), point.source});
    out << table.text();
  }
}

Result<int> show_local(const models::ModelEntry& entry, const ShowArguments& arguments, Session& session) {
  std::ostream& out = session.console.out;
  if (arguments.modelfile) {
    ZUBR_TRY(text, models::modelfile_of(entry));
    out << text;
  } else if (arguments.json) {
    out << json_text(entry_json(entry));
  } else {
    show_entry(entry, out);
  }
  return kExitOk;
}

// A model that is here comes first; the catalog knows more of it, where it knows it.
Result<int> run_show(const ShowArguments& arguments, Session& session) {
  const auto entry = session.store.find(arguments.model);
  if (entry) ZUBR_CHECK(show_local(*entry, arguments, session));
  if (!entry && arguments.modelfile) return fail(entry.error());
  if (entry && (arguments.json || arguments.modelfile || entry->shipped)) return kExitOk;
  if (entry) {
    auto catalog = open_catalog(session);
    if (!catalog || !catalog->resolve(arguments.model)) return kExitOk;
    session.console.out << "\n";
  }
  ZUBR_TRY(catalog, open_catalog(session));
  ZUBR_TRY(id, catalog.resolve(arguments.model));
  ZUBR_TRY(card, catalog.card(id));
  std::ostream& out = session.console.out;
  if (arguments.json) {
    out << json_text(card_json(card));
    return kExitOk;
  }
  show_head(card, out);
  show_addresses(card, arguments.all, out);
  show_files(card, arguments.all, out);
  show_offers(card, arguments.all, out);
  show_rest(card, arguments.all, out);
  return kExitOk;
}

}  // namespace

void add_show(CLI::App& root, CommandLine& line) {
  CLI::App* command =
      line.add_command(root, "show", "Everything that is known about a model", "Catalog",
                       "  zubr show llama3.1:8b\n  zubr show google/gemini-2.5-pro --json\n"
                       "A model may be named as here, on Hugging Face, OpenRouter or in the Ollama library.\n");
  const auto arguments = std::make_shared<ShowArguments>();
  command->add_option("NAME", arguments->model, "a model that is here, or of the catalog")
      ->required()
      ->type_name("NAME");
  command->add_flag("--all", arguments->all, "every name, file, provider and price");
  command->add_flag("--json", arguments->json, "as JSON");
  command->add_flag("--modelfile", arguments->modelfile, "as a Modelfile that makes it again");
  command->callback(
      [&line, arguments] { line.action = [arguments](Session& session) { return run_show(*arguments, session); }; });
}

}  // namespace zubr::cli
