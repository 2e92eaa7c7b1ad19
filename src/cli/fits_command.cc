// zubr fits
#include <ostream>

#include "catalog/answers/desk.h"
#include "catalog/answers/fitting_models.h"
#include "catalog/answers/search_arguments.h"
#include "cli/catalog_open.h"
#include "cli/catalog_text.h"
#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/table_text.h"
#include "core/display.h"
#include "core/machine.h"

namespace zubr::cli {
namespace {

struct FitsArguments {
  std::string model, context, memory;
  int limit = 20;
  bool json = false;
};

Result<catalog::Machine> machine_of(const FitsArguments& arguments) {
  ZUBR_TRY(memory, catalog::memory_of(arguments.memory, "--memory"));
  const double speed = catalog::measure_read_bandwidth(core::usable_cores(), catalog::kMeasureBandwidthFor);
  return catalog::Machine{memory, speed};
}

// "12–15", from a full context to an empty one.
std::string speed_text(const catalog::FitRow& row) {
  const std::string slow = core::display_rate(row.tokens_per_second_full);
  const std::string fast = core::display_rate(row.tokens_per_second_empty);
  return slow == fast ? fast : slow + "–" + fast;
}

void say_machine(const catalog::Machine& machine, Session& session) {
  session.console.err << message("{} of memory may be used, {:.1f} GB/s are read from it",
                                 core::display_bytes(machine.memory), machine.bytes_per_second / 1e9)
                      << "\n";
}

std::string file_text(const catalog::FitRow& row) { return row.file.empty() ? message("(computed)") : row.file; }

Result<int> fit_one(const FitsArguments& arguments, std::int64_t context, catalog::Catalog& catalog, Session& session) {
  ZUBR_TRY(id, catalog.resolve(arguments.model));
  ZUBR_TRY(card, catalog.card(id));
  ZUBR_TRY(machine, machine_of(arguments));
  ZUBR_TRY(fit, catalog::fit(card.record, card.files, context, machine));
  if (arguments.json) {
    session.console.out << json_text(catalog::fit_json(card.record, fit, machine));
    return kExitOk;
  }
  say_machine(machine, session);
  session.console.err << message("{} with a context of {} tokens", card.record.address.name,
                                 core::display_count(fit.context))
                      << (fit.cache_estimated ? message("; its cache is estimated") : std::string()) << "\n";
  TableText table({"", message("QUANTIZATION"), message("WEIGHTS"), message("CACHE"), message("TOTAL"), message("FITS"),
                   message("TOKENS/S"), message("FILE")});
  for (std::size_t i = 0; i < fit.rows.size(); ++i) {
    const catalog::FitRow& row = fit.rows[i];
    table.add_row({fit.best == i ? "*" : "", or_dash(row.quantization), core::display_bytes(row.weights),
                   core::display_bytes(row.cache), core::display_bytes(row.total),
                   row.fits ? message("yes") : message("no"), speed_text(row), file_text(row)});
  }
  session.console.out << table.text();
  if (!fit.best) {
    session.console.err << message("nothing of it fits; a smaller context, a smaller model, or more memory") << "\n";
    return exit_code(ErrorCode::kOutOfMemory);
  }
  return kExitOk;
}

Result<int> fit_many(const FitsArguments& arguments, std::int64_t context, catalog::Catalog& catalog,
                     Session& session) {
  ZUBR_TRY(machine, machine_of(arguments));
  ZUBR_TRY(fitting, catalog::fitting_models(catalog, context, arguments.limit, machine));
  if (arguments.json) {
    std::vector<Json> items;
    for (const auto& one : fitting) items.push_back(catalog::fit_json(one.record, one.fit, machine));
    session.console.out << json_text(Json::array(std::move(items)));
    return kExitOk;
  }
  say_machine(machine, session);
  if (fitting.empty()) {
    session.console.err << message("no model that the catalog knows fits") << "\n";
    return exit_code(ErrorCode::kOutOfMemory);
  }
  TableText table({message("MODEL"), message("SIZE"), message("BEST"), message("TOTAL"), message("TOKENS/S"),
                   message("SCORE"), message("FILE")});
  for (const auto& [record, fit] : fitting) {
    const catalog::FitRow& best = fit.rows[*fit.best];
    table.add_row({record.address.name, size_text(record.parameters), or_dash(best.quantization),
                   core::display_bytes(best.total), speed_text(best), score_text(record.score), file_text(best)});
  }
  session.console.out << table.text();
  return kExitOk;
}

Result<int> run_fits(const FitsArguments& arguments, Session& session) {
  std::int64_t context = 0;
  if (!arguments.context.empty()) {
    ZUBR_TRY(tokens, catalog::parse_tokens(arguments.context, "--context"));
    context = tokens;
  }
  ZUBR_TRY(catalog, open_catalog(session));
  return arguments.model.empty() ? fit_many(arguments, context, catalog, session)
                                 : fit_one(arguments, context, catalog, session);
}

}  // namespace

void add_fits(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(
      root, "fits", "What runs on this machine, how large and how fast", "Catalog",
      "  zubr fits\n  zubr fits llama3.1:8b --context 32k\n  zubr fits mixtral:8x7b --memory 24\n"
      "TOKENS/S is what the measured memory bandwidth allows for one text, from a full context to an empty one; real\n"
      "speed stays below it. Total: weights, cache in 16 bits, and 512 MiB for the program. * is the best that fits:\n"
      "the largest up to 8 bits.\n");
  const auto arguments = std::make_shared<FitsArguments>();
  command->add_option("NAME", arguments->model, "a model of the catalog; none: the well-known ones that fit")
      ->type_name("NAME");
  command->add_option("--context", arguments->context, "tokens kept in the cache [its own, at most 8k]")
      ->type_name("TOKENS");
  command->add_option("--memory", arguments->memory, "GiB instead of what is free here")->type_name("GIB");
  command->add_option("--limit", arguments->limit, "rows [20]")->type_name(kNumberType)->check(CLI::Range(1, 300));
  command->add_flag("--json", arguments->json, "as JSON");
  command->callback(
      [&line, arguments] { line.action = [arguments](Session& session) { return run_fits(*arguments, session); }; });
}

}  // namespace zubr::cli
