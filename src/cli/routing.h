// What commands share that ask elsewhere: the Router of a session, and the options that steer it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "providers/provider_table.h"
#include "router/places.h"
#include "router/routed_model.h"

namespace zubr::cli {

// The providers that ship, with those of config.toml.
Result<providers::ProviderTable> provider_table(const Session& session);

struct Routing {
  std::shared_ptr<router::Places> places;
  std::shared_ptr<router::Ledger> ledger;
  std::shared_ptr<router::Router> router;
};
// `session` must outlive it: models on this machine are opened through it.
Result<Routing> open_routing(Session& session);

// As text from the command line.
struct RouteArguments {
  std::string provider, policy, privacy, guard, max_price, max_cost;
  std::vector<std::string> order, only, ignore, regions, quantizations, fallbacks, tags;
  bool no_fallbacks = false, deny_training = false, require_parameters = false;

  // Something was said that only a Router can do.
  bool any() const;
};
void add_route_options(CLI::App& command, RouteArguments& arguments);

// With the settings route.* as what can only be tightened. kInvalidArgument.
Result<router::Route> route_of(const RouteArguments& arguments, const std::string& model, const Session& session);

// "0.0000231 $", or "unknown".
std::string cost_text(const std::optional<core::PicoDollars>& cost);

}  // namespace zubr::cli
