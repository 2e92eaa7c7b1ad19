// zubr budget set | list | remove
#include <ostream>

#include "cli/command_line.h"
#include "cli/elsewhere_commands.h"
#include "cli/exit_code.h"
#include "cli/json_text.h"
#include "cli/table_text.h"
#include "router/ledger/ledger.h"

namespace zubr::cli {
namespace {

struct BudgetArguments {
  std::string amount, key, period = "month";
  bool allow_unknown = false, json = false;
};

Result<std::unique_ptr<router::Ledger>> open_ledger(Session& session) {
  return router::Ledger::open(router::ledger_file(session.home), std::make_shared<core::SystemClock>());
}

std::string owner_text(const std::string& key) { return key.empty() ? message("everybody") : key; }

Result<int> set(const BudgetArguments& arguments, Session& session) {
  router::Budget budget{.key = arguments.key, .amount = {}, .allow_unknown = arguments.allow_unknown};
  ZUBR_TRY(amount, core::parse_dollars(arguments.amount));
  ZUBR_TRY(period, router::parse_period(arguments.period));
  budget.amount = amount;
  budget.period = period;
  ZUBR_TRY(ledger, open_ledger(session));
  ZUBR_CHECK(ledger->set_budget(budget));
  return kExitOk;
}

Result<int> list(bool json, Session& session) {
  ZUBR_TRY(ledger, open_ledger(session));
  ZUBR_TRY(states, ledger->budgets());
  TableText table({message("WHOSE"), message("PERIOD"), message("BUDGET $"), message("SPENT $"), message("RESERVED $"),
                   message("UNKNOWN PRICES")});
  std::vector<Json> items;
  for (const router::BudgetState& state : states) {
    const router::Budget& budget = state.budget;
    items.push_back(Json::object({{"key", budget.key},
                                  {"period", router::period_name(budget.period)},
                                  {"amount_usd", core::dollars_text(budget.amount)},
                                  {"spent_usd", core::dollars_text(state.spent)},
                                  {"reserved_usd", core::dollars_text(state.reserved)},
                                  {"allow_unknown", budget.allow_unknown}}));
    table.add_row({owner_text(budget.key), std::string(router::period_name(budget.period)),
                   core::dollars_text(budget.amount), core::dollars_text(state.spent),
                   core::dollars_text(state.reserved), budget.allow_unknown ? message("allowed") : message("refused")});
  }
  if (json)
    session.console.out << json_text(Json::array(std::move(items)));
  else if (states.empty())
    session.console.err << message("there is no budget; set one: zubr budget set 20 --period month") << "\n";
  else
    session.console.out << table.text();
  return kExitOk;
}

Result<int> remove(const BudgetArguments& arguments, Session& session) {
  ZUBR_TRY(period, router::parse_period(arguments.period));
  ZUBR_TRY(ledger, open_ledger(session));
  ZUBR_TRY(removed, ledger->remove_budget(arguments.key, period));
  if (!removed)
    return fail(ErrorCode::kNotFound, "{} has no budget for the period '{}'", owner_text(arguments.key),
                arguments.period);
  return kExitOk;
}

}  // namespace

void add_budget(CLI::App& root, CommandLine& line) {
  CLI::App* budget = line.add_command(root, "budget", "Limit what asking elsewhere may cost", "Elsewhere");
  budget->require_subcommand(1);
  const auto arguments = std::make_shared<BudgetArguments>();
  const auto add_whose = [&](CLI::App* command) {
    command->add_option("--key", arguments->key, "of the key with this id; without: of everybody together")
        ->type_name(kTextType);
    command->add_option("--period", arguments->period, "day, month or total, in UTC")
        ->type_name("day|month|total")
        ->capture_default_str();
  };
  CLI::App* set_command = line.add_command(*budget, "set", "Set a budget, or change it", "Commands",
                                           "  zubr budget set 20 --period month\n"
                                           "  zubr budget set 0.50 --period day --key 4f2a99b01c3d\n");
  set_command->add_option("DOLLARS", arguments->amount, "the most that may be spent")
      ->required()
      ->type_name(kNumberType);
  add_whose(set_command);
  set_command->add_flag("--allow-unknown", arguments->allow_unknown, "let requests pass whose price nobody knows");
  set_command->callback(
      [&line, arguments] { line.action = [arguments](Session& session) { return set(*arguments, session); }; });
  CLI::App* list_command = line.add_command(*budget, "list", "Show all budgets and what is spent", "Commands");
  list_command->add_flag("--json", arguments->json, "as JSON");
  list_command->callback(
      [&line, arguments] { line.action = [arguments](Session& session) { return list(arguments->json, session); }; });
  CLI::App* remove_command =
      line.add_command(*budget, "remove", "Remove a budget", "Commands", "  zubr budget remove --period month\n");
  add_whose(remove_command);
  remove_command->callback(
      [&line, arguments] { line.action = [arguments](Session& session) { return remove(*arguments, session); }; });
}

}  // namespace zubr::cli
