#include "cli/routing.h"

#include <CLI/App.hpp>

#include "catalog/snapshot.h"
#include "cli/catalog_open.h"
#include "core/log.h"
#include "net/net_settings.h"

namespace zubr::cli {
namespace {

// The models of this machine for the Router: opened when they are asked for, and kept.
class SessionHost : public inference::ModelHost {
 public:
  explicit SessionHost(Session& session) : session_(session) {}

  Result<std::shared_ptr<inference::Backend>> borrow(const inference::ModelWish& wish, std::stop_token) override {
    if (backend_ && name_ == wish.name) return backend_;
    ZUBR_TRY(model, session_.store.resolve(wish.name));
    const std::string compute = session_.settings.text("compute");
    ZUBR_TRY(backend, session_.open_model(model, 1, compute == "auto" ? "ggml" : compute));
    name_ = wish.name;
    backend_ = backend;
    return backend;
  }
  Result<std::string> resolve(const std::string& name) const override {
    ZUBR_TRY(model, session_.store.resolve(name));
    return model.name;
  }
  std::vector<inference::LoadedModel> loaded() const override { return {}; }
  bool unload(const std::string&) override { return false; }
  void on_unload(std::function<void(const inference::Backend&)>) override {}

 private:
  Session& session_;
  std::string name_;
  std::shared_ptr<inference::Backend> backend_;
};

Result<core::PicoDollars> price_of(std::string_view text, std::string_view whole) {
  auto price = core::parse_dollars_per_million(text);
  if (!price)
    return fail(ErrorCode::kInvalidArgument,
                "--max-price is dollars for a million tokens in and out, like 0.5/1.5; it is '{}'", whole);
  return price;
}

Result<void> read_prices(const RouteArguments& arguments, router::Rules& rules) {
  const std::string& text = arguments.max_price;
  if (!text.empty()) {
    const std::size_t slash = text.find('/');
    ZUBR_TRY(input, price_of(text.substr(0, slash), text));
    rules.max_input_price = input;
    rules.max_output_price = input;
    if (slash != std::string::npos) {
      ZUBR_TRY(output, price_of(text.substr(slash + 1), text));
      rules.max_output_price = output;
    }
  }
  if (arguments.max_cost.empty()) return {};
  auto cost = core::parse_dollars(arguments.max_cost);
  if (!cost) return fail(cost.error().context("--max-cost"));
  rules.max_cost = *cost;
  return {};
}

std::optional<std::vector<std::string>> if_any(const std::vector<std::string>& names) {
  return names.empty() ? std::nullopt : std::optional(names);
}

}  // namespace

Result<providers::ProviderTable> provider_table(const Session& session) {
  ZUBR_TRY(table, providers::ProviderTable::built_in());
  ZUBR_CHECK(table.add_config(session.home / "config.toml"));
  return table;
}

Result<Routing> open_routing(Session& session) {
  ZUBR_TRY(table, provider_table(session));
  ZUBR_TRY(http, net::http_options(session.settings, core::process_environment()));
  http.user_agent = "zubr/" + session.services.version;
  ZUBR_TRY(catalog, open_catalog(session));
  ZUBR_TRY(ledger, router::Ledger::open(router::ledger_file(session.home), std::make_shared<core::SystemClock>()));
  router::PlacesOptions options;
  options.table = std::move(table);
  options.catalog = std::make_shared<catalog::Catalog>(std::move(catalog));
  options.environment = core::process_environment();
  options.client = std::make_shared<net::HttpClient>(std::move(http));
  options.local.has = [&session](const std::string& name) { return session.store.resolve(name).has_value(); };
  options.local.host = std::make_shared<SessionHost>(session);
  Routing routing;
  routing.places = std::make_shared<router::Places>(std::move(options));
  routing.ledger = std::move(ledger);
  router::RouterParts parts;
  parts.source = routing.places;
  parts.caller = routing.places;
  parts.ledger = routing.ledger;
  routing.router = std::make_shared<router::Router>(std::move(parts));
  return routing;
}

bool RouteArguments::any() const {
  return !provider.empty() || !policy.empty() || !privacy.empty() || !guard.empty() || !max_price.empty() ||
         !max_cost.empty() || !order.empty() || !only.empty() || !ignore.empty() || !regions.empty() ||
         !quantizations.empty() || !fallbacks.empty() || !tags.empty() || no_fallbacks || deny_training ||
         require_parameters;
}

void add_route_options(CLI::App& command, RouteArguments& arguments) {
  const auto text = [&](const char* name, std::string& into, const char* what, const char* type) {
    command.add_option(name, into, what)->type_name(type);
  };
  const auto list = [&](const char* name, std::vector<std::string>& into, const char* what) {
    command.add_option(name, into, what)->type_name(kTextType)->delimiter(',')->expected(1)->take_all();
  };
  text("--provider", arguments.provider, "ask this provider, which knows the model by this name", kTextType);
  text("--route", arguments.policy, "choose among all who serve the model", "cheapest|fastest|balanced|local-first");
  text("--privacy", arguments.privacy, "who may see it; instead of the setting where that allows more",
       "local|private|zdr|any");
  text("--guard", arguments.guard, "what happens to PESEL, e-mail, keys … before it leaves; instead of the setting",
       "off|mask|local|block");
  text("--max-price", arguments.max_price, "dollars a million tokens, in/out: 0.5/1.5", kTextType);
  text("--max-cost", arguments.max_cost, "dollars that the request can cost at most", kTextType);
  list("--order", arguments.order, "these providers first, in this order");
  list("--only", arguments.only, "no other providers than these");
  list("--ignore", arguments.ignore, "not these providers");
  list("--region", arguments.regions, "only machines in these regions");
  list("--quantization", arguments.quantizations, "only these quantizations: fp8, bf16, unknown");
  list("--fallback", arguments.fallbacks, "models that may answer where the first cannot");
  list("--tag", arguments.tags, "written into the ledger with the request");
  command.add_flag("--no-fallbacks", arguments.no_fallbacks, "fail rather than ask the next one");
  command.add_flag("--deny-training", arguments.deny_training, "only who is known not to train on it");
  command.add_flag("--require-parameters", arguments.require_parameters, "only who understands every option given");
}

Result<router::Route> route_of(const RouteArguments& arguments, const std::string& model, const Session& session) {
  router::Rules floor, asked;
  ZUBR_TRY(least, router::parse_privacy(session.settings.text("route.privacy")));
  floor.privacy = least;
  if (!arguments.privacy.empty()) {
    ZUBR_TRY(privacy, router::parse_privacy(arguments.privacy));
    asked.privacy = privacy;
  }
  ZUBR_CHECK(read_prices(arguments, asked));
  asked.order = arguments.order;
  asked.only = if_any(arguments.only);
  asked.ignore = arguments.ignore;
  asked.regions = if_any(arguments.regions);
  asked.quantizations = if_any(arguments.quantizations);
  asked.allow_fallbacks = !arguments.no_fallbacks;
  asked.deny_training = arguments.deny_training;
  asked.require_parameters = arguments.require_parameters;
  router::Route route;
  ZUBR_TRY(policy,
           router::parse_policy(arguments.policy.empty() ? session.settings.text("route.policy") : arguments.policy));
  route.policy = policy;
  route.rules = router::tighten(floor, asked);
  route.models = {arguments.provider.empty() ? model : arguments.provider + "/" + model};
  route.models.insert(route.models.end(), arguments.fallbacks.begin(), arguments.fallbacks.end());
  route.payer.tags = arguments.tags;
  ZUBR_TRY(action,
           router::parse_guard(arguments.guard.empty() ? session.settings.text("route.guard") : arguments.guard));
  route.guard.action = action;
  return route;
}

std::string cost_text(const std::optional<core::PicoDollars>& cost) {
  return cost ? core::dollars_text(*cost) + " $" : message("unknown");
}

}  // namespace zubr::cli
