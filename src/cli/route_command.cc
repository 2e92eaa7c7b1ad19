// zubr route explain
#include <ostream>

#include "cli/elsewhere_commands.h"
#include "cli/exit_code.h"
#include "cli/json_text.h"
#include "cli/routing.h"
#include "cli/table_text.h"

namespace zubr::cli {
namespace {

struct ExplainArguments {
  std::string model;
  RouteArguments route;
  std::int64_t prompt_tokens = 1000;
  std::int64_t max_tokens = 256;
  bool json = false;
};

std::string price_text(const router::Endpoint& endpoint) {
  const auto one = [](const std::optional<core::PicoDollars>& price) {
    return price ? core::display_per_million(*price) : std::string("?");
  };
  return one(endpoint.prices.input) + "/" + one(endpoint.prices.output);
}

std::string seconds_text(const std::optional<double>& seconds) {
  return seconds ? fmt::format("{:.1f} s", *seconds) : message("unknown");
}

Json price_json(const std::optional<core::PicoDollars>& price) {
  return price ? Json(core::dollars_text(*price)) : Json(nullptr);
}

Json json_of(const router::Decision& decision) {
  std::vector<Json> choices, losers;
  for (const router::Choice& choice : decision.choices)
    choices.push_back(Json::object({{"endpoint", choice.endpoint.name()},
                                    {"reach", providers::reach_name(choice.endpoint.reach)},
                                    {"input_usd_per_token", price_json(choice.endpoint.prices.input)},
                                    {"output_usd_per_token", price_json(choice.endpoint.prices.output)},
                                    {"expected_cost_usd", price_json(choice.cost)},
                                    {"expected_seconds", choice.seconds ? Json(*choice.seconds) : Json(nullptr)},
                                    {"why", choice.why}}));
  for (const router::Loser& loser : decision.losers)
    losers.push_back(Json::object({{"endpoint", loser.endpoint.name()},
                                   {"refusal", router::refusal_name(loser.rejection.refusal)},
                                   {"why", loser.rejection.why}}));
  return Json::object({{"model", decision.model},
                       {"policy", router::policy_name(decision.policy)},
                       {"privacy", router::privacy_name(decision.rules.privacy)},
                       {"choices", Json::array(std::move(choices))},
                       {"refused", Json::array(std::move(losers))}});
}

void print(const router::Decision& decision, std::ostream& out) {
  TableText table({"", message("ENDPOINT"), message("$ A MILLION IN/OUT"), message("THIS COSTS"), message("TAKES"),
                   message("WHY")});
  int place = 0;
  for (const router::Choice& choice : decision.choices)
    table.add_row({fmt::format("{}.", ++place), choice.endpoint.name(), price_text(choice.endpoint),
                   cost_text(choice.cost), seconds_text(choice.seconds), choice.why});
  for (const router::Loser& loser : decision.losers)
    table.add_row({"-", loser.endpoint.name(), price_text(loser.endpoint), "", "", loser.rejection.why});
  out << table.text();
}

Result<int> explain(const ExplainArguments& arguments, Session& session) {
  constexpr std::int64_t kBytesPerToken = 4;
  ZUBR_TRY(route, route_of(arguments.route, arguments.model, session));
  ZUBR_TRY(routing, open_routing(session));
  const router::RequestShape shape{.needed = providers::kChat,
                                   .prompt_bytes = arguments.prompt_tokens * kBytesPerToken,
                                   .max_tokens = arguments.max_tokens};
  ZUBR_TRY(decision, routing.router->explain(route, shape));
  if (arguments.json)
    session.console.out << json_text(json_of(decision));
  else if (!decision.choices.empty() || !decision.losers.empty())
    print(decision, session.console.out);
  if (decision.choices.empty()) return fail(router::nobody(decision));
  return kExitOk;
}

}  // namespace

void add_route(CLI::App& root, CommandLine& line) {
  CLI::App* route = line.add_command(root, "route", "See where a request would go, and why", "Elsewhere");
  route->require_subcommand(1);
  CLI::App* command =
      line.add_command(*route, "explain", "Show who would be asked, in what order, and why not the others", "Commands",
                       "  zubr route explain llama-3.1-8b-instruct\n"
                       "  zubr route explain llama-3.1-8b-instruct --route fastest --privacy zdr --max-price 0.1\n");
  const auto arguments = std::make_shared<ExplainArguments>();
  command->add_option("MODEL", arguments->model, "a model of the catalog, PROVIDER/MODEL, or one of this machine")
      ->required()
      ->type_name(kModelType);
  add_route_options(*command, arguments->route);
  command->add_option("--prompt-tokens", arguments->prompt_tokens, "how long the prompt is taken to be")
      ->type_name(kNumberType)
      ->check(CLI::Range(0, 100'000'000))
      ->capture_default_str();
  command->add_option("--max-tokens", arguments->max_tokens, "how long the answer may get")
      ->type_name(kNumberType)
      ->check(CLI::Range(0, 100'000'000))
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "as JSON");
  command->callback(
      [&line, arguments] { line.action = [arguments](Session& session) { return explain(*arguments, session); }; });
}

}  // namespace zubr::cli
