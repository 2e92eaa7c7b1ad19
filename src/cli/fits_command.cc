// zubr fits
#include <ostream>

#include "catalog/fits.h"
#include "catalog/search.h"
#include "cli/catalog_open.h"
#include "cli/catalog_text.h"
#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/search_arguments.h"
#include "cli/table_text.h"
#include "core/display.h"
#include "core/machine.h"

namespace zubr::cli {
namespace {

constexpr std::chrono::milliseconds kMeasureFor{300};

struct FitsArguments {
  std::string model, context, memory;
  int limit = 20;
  bool json = false;
};

Result<catalog::Machine> machine_of(const FitsArguments& arguments) {
  catalog::Machine machine;
  machine.memory = core::memory_info().available;
  if (!arguments.memory.empty()) {
    char* end = nullptr;
    const double gigabytes = std::strtod(arguments.memory.c_str(), &end);
    if (end == arguments.memory.c_str() || *end != '\0' || !(gigabytes > 0) || gigabytes > 1e6)
      return fail(ErrorCode::kInvalidArgument, "--memory '{}' is no number of GiB; an example: 24", arguments.memory);
    machine.memory = static_cast<std::uint64_t>(gigabytes * static_cast<double>(std::uint64_t{1} << 30));
  }
  machine.bytes_per_second = catalog::measure_read_bandwidth(core::usable_cores(), kMeasureFor);
  return machine;
}

// "12–15", from a full context to an empty one.
std::string speed_text(const catalog::FitRow& row) {
  const std::string slow = core::display_rate(row.tokens_per_second_full);
  const std::string fast = core::display_rate(row.tokens_per_second_empty);
  return slow == fast ? fast : slow + "–" + fast;
}

Json row_json(const catalog::FitRow& row) {
  const auto bytes = [](std::uint64_t value) { return Json(static_cast<std::int64_t>(value)); };
  return Json::object({{"quantization", row.quantization},
                       {"file", row.file},
                       {"weights_bytes", bytes(row.weights)},
                       {"cache_bytes", bytes(row.cache)},
                       {"total_bytes", bytes(row.total)},
                       {"fits", row.fits},
                       {"tokens_per_second_full_context", row.tokens_per_second_full},
                       {"tokens_per_second_empty_context", row.tokens_per_second_empty}});
}

Json fit_json(const catalog::ModelRecord& record, const catalog::Fit& fit, const catalog::Machine& machine) {
  std::vector<Json> rows;
  for (const auto& row : fit.rows) rows.push_back(row_json(row));
  return Json::object({{"id", record.address.name},
                       {"context", fit.context},
                       {"cache_estimated", fit.cache_estimated},
                       {"memory_bytes", static_cast<std::int64_t>(machine.memory)},
                       {"bandwidth_bytes_per_second", machine.bytes_per_second},
                       {"best", fit.best ? row_json(fit.rows[*fit.best]) : Json(nullptr)},
                       {"rows", Json::array(std::move(rows))}});
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
    session.console.out << json_text(fit_json(card.record, fit, machine));
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
  catalog::Query query{.task = "text-generation", .limit = arguments.limit * 3};
  query.fits_bytes = machine.memory > catalog::kOverheadBytes ? machine.memory - catalog::kOverheadBytes : 0;
  ZUBR_TRY(page, catalog::search(catalog, query));
  TableText table({message("MODEL"), message("SIZE"), message("BEST"), message("TOTAL"), message("TOKENS/S"),
                   message("SCORE"), message("FILE")});
  std::vector<Json> items;
  int shown = 0;
  for (const catalog::ModelRecord& record : page.records) {
    if (shown >= arguments.limit) break;
    ZUBR_TRY(card, catalog.card(record.id));
    const std::int64_t wanted = std::min(context, record.context.value_or(context));
    const auto fit = catalog::fit(record, card.files, wanted, machine);
    if (!fit || !fit->best) continue;
    const catalog::FitRow& best = fit->rows[*fit->best];
    ++shown;
    if (arguments.json) items.push_back(fit_json(record, *fit, machine));
    table.add_row({record.address.name, size_text(record.parameters), or_dash(best.quantization),
                   core::display_bytes(best.total), speed_text(best), score_text(record.score), file_text(best)});
  }
  if (arguments.json) {
    session.console.out << json_text(Json::array(std::move(items)));
    return kExitOk;
  }
  say_machine(machine, session);
  if (shown == 0) {
    session.console.err << message("no model that the catalog knows fits") << "\n";
    return exit_code(ErrorCode::kOutOfMemory);
  }
  session.console.out << table.text();
  return kExitOk;
}

Result<int> run_fits(const FitsArguments& arguments, Session& session) {
  std::int64_t context = 0;
  if (!arguments.context.empty()) {
    ZUBR_TRY(tokens, parse_tokens(arguments.context, "--context"));
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
