#include "cli/catalog_update.h"

#include <algorithm>
#include <ostream>

#include "catalog/update/update_settings.h"
#include "catalog/update/updater.h"
#include "cli/catalog_open.h"
#include "cli/catalog_text.h"
#include "cli/exit_code.h"
#include "cli/table_text.h"
#include "core/display.h"
#include "core/file_lock.h"
#include "models/pull_settings.h"
#include "net/net_settings.h"

namespace zubr::cli {
namespace {

using catalog::MergeReport;
using catalog::SourceClient;
using catalog::UpdateReport;

constexpr std::size_t kShownNames = 5;
constexpr std::size_t kShownPrices = 15;

std::vector<std::string> all_sources() {
  std::vector<std::string> names;
  for (std::string_view rest = kSourceChoices; !rest.empty();) {
    const std::size_t bar = std::min(rest.find('|'), rest.size());
    names.emplace_back(rest.substr(0, bar));
    rest.remove_prefix(std::min(bar + 1, rest.size()));
  }
  return names;
}

Result<std::vector<std::string>> chosen_sources(const UpdateWishes& wishes) {
  const auto known = all_sources();
  for (const std::string& name : wishes.sources)
    if (std::ranges::find(known, name) == known.end())
      return fail(ErrorCode::kInvalidArgument, "--source '{}' is not known; one of {}", name, fmt::join(known, ", "));
  if (const std::string& sort = wishes.filter.sort; !sort.empty()) {
    const std::string words = fmt::format("|{}|", catalog::kHubSorts);
    if (sort.find('|') != std::string::npos || words.find("|" + sort + "|") == std::string::npos)
      return fail(ErrorCode::kInvalidArgument, "--sort '{}' is not known; one of {}", sort, catalog::kHubSorts);
  }
  const bool filtered = wishes.filter != catalog::HubFilter{};
  if (wishes.sources.empty()) return filtered ? std::vector<std::string>{"hf"} : known;
  const auto is_hub = [](const std::string& name) { return name == "hf" || name == "hf-datasets"; };
  if (filtered && std::ranges::none_of(wishes.sources, is_hub))
    return fail(ErrorCode::kInvalidArgument, "filters are only for --source hf and --source hf-datasets");
  const bool sized = wishes.filter.min_parameters || wishes.filter.max_parameters;
  if (sized && std::ranges::find(wishes.sources, "hf-datasets") != wishes.sources.end())
    return fail(ErrorCode::kInvalidArgument, "--params is for models; data sets have no parameters");
  return wishes.sources;
}

// Addresses as other settings have them, without a slash at the end.
catalog::UpdateSites sites_of(const core::Settings& settings, const core::Environment& environment) {
  catalog::UpdateSites sites = catalog::update_sites(settings);
  const models::PullOptions pull = models::pull_options(settings, environment);
  sites.hf = pull.hf_endpoint;
  sites.hf_token = pull.hf_token;
  sites.ollama_registry = pull.ollama_registry;
  for (std::string* url : {&sites.hf, &sites.ollama_registry})
    while (url->ends_with('/')) url->pop_back();
  return sites;
}

Result<std::unique_ptr<SourceClient>> client_of(const std::string& name, const catalog::UpdateSites& sites,
                                                const catalog::HubFilter& filter, const std::string& day,
                                                catalog::Catalog& catalog) {
  if (name == "hf") return catalog::hub_models_client(sites, filter);
  if (name == "hf-datasets") return catalog::hub_datasets_client(sites, filter);
  if (name == "hf-leaderboard") return catalog::hub_boards_client(sites, day);
  if (name == "openrouter") return catalog::openrouter_client(sites);
  if (name == "ollama") return catalog::ollama_client(sites);
  if (name == "litellm") return catalog::litellm_client(sites);
  if (name == "models.dev") return catalog::models_dev_client(sites);
  if (name == "lmarena") return catalog::lmarena_client(sites, day);
  if (name == "aider") return catalog::aider_client(sites);
  if (name == "open-llm") return catalog::open_llm_client(sites, day);
  ZUBR_TRY(listed, catalog.listed("openrouter"));
  return catalog::openrouter_endpoints_client(sites, std::move(listed));
}

struct Outcome {
  std::string name;
  std::optional<UpdateReport> report;
  std::optional<Error> error;
};

std::string names_text(const std::vector<std::string>& names, std::int64_t count) {
  const std::size_t shown = std::min(names.size(), kShownNames);
  std::string text =
      fmt::format("{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (count > static_cast<std::int64_t>(shown))
    text += " " + message("and {} more", count - static_cast<std::int64_t>(shown));
  return text;
}

void show_text(const std::vector<Outcome>& outcomes, Session& session) {
  TableText table({message("SOURCE"), message("READ"), message("NEW"), message("CHANGED"), message("GONE"),
                   message("PRICES"), message("STATE")});
  for (const Outcome& outcome : outcomes) {
    if (!outcome.report) {
      table.add_row({outcome.name, "-", "-", "-", "-", "-",
                     outcome.error->code() == ErrorCode::kCancelled ? message("stopped") : message("failed")});
      continue;
    }
    const UpdateReport& report = *outcome.report;
    const MergeReport& merged = report.merged;
    const bool same = report.pages > 0 && report.unchanged_pages == report.pages;
    table.add_row({outcome.name, core::display_count(report.entries), core::display_count(merged.added),
                   core::display_count(merged.changed + merged.datasets), core::display_count(merged.gone),
                   core::display_count(merged.price_change_count),
                   same             ? message("not changed since")
                   : report.resumed ? message("went on")
                                    : message("up to date")});
  }
  std::ostream& out = session.console.out;
  out << table.text();
  TableText prices({message("PRICE OF"), message("PROVIDER"), message("$/M IN"), message("$/M OUT")});
  std::size_t shown = 0;
  std::int64_t count = 0;
  const auto arrow = [](const auto& before, const auto& after) {
    return before == after ? price_text(after) : price_text(before) + " → " + price_text(after);
  };
  for (const Outcome& outcome : outcomes) {
    if (!outcome.report) continue;
    const MergeReport& merged = outcome.report->merged;
    if (!merged.new_names.empty())
      out << message("new in {}: {}", outcome.name, names_text(merged.new_names, merged.added)) << "\n";
    if (!merged.gone_names.empty())
      out << message("gone from {}: {}", outcome.name, names_text(merged.gone_names, merged.gone)) << "\n";
    count += merged.price_change_count;
    for (const auto& change : merged.price_changes)
      if (shown++ < kShownPrices)
        prices.add_row({change.model, change.provider, arrow(change.old_input, change.new_input),
                        arrow(change.old_output, change.new_output)});
  }
  if (shown > 0) out << prices.text();
  if (count > static_cast<std::int64_t>(kShownPrices))
    out << message("and {} more price changes: --json", count - static_cast<std::int64_t>(kShownPrices)) << "\n";
}

Json merged_json(const MergeReport& merged) {
  std::vector<Json> prices;
  for (const auto& change : merged.price_changes)
    prices.push_back(Json::object({{"model", change.model},
                                   {"provider", change.provider},
                                   {"old_input", price_json(change.old_input)},
                                   {"old_output", price_json(change.old_output)},
                                   {"new_input", price_json(change.new_input)},
                                   {"new_output", price_json(change.new_output)}}));
  return Json::object({{"new", merged.added},
                       {"changed", merged.changed},
                       {"unchanged", merged.unchanged},
                       {"gone", merged.gone},
                       {"datasets", merged.datasets},
                       {"price_changes", merged.price_change_count},
                       {"new_names", texts_json(merged.new_names)},
                       {"gone_names", texts_json(merged.gone_names)},
                       {"prices", Json::array(std::move(prices))}});
}

Json outcome_json(const Outcome& outcome) {
  if (!outcome.report)
    return Json::object({{"source", outcome.name},
                         {"ok", false},
                         {"error", std::string(core::error_name(outcome.error->code()))},
                         {"message", outcome.error->message()}});
  const UpdateReport& report = *outcome.report;
  return Json::object({{"source", outcome.name},
                       {"ok", true},
                       {"url", report.url},
                       {"read", report.entries},
                       {"skipped", report.skipped},
                       {"pages", report.pages},
                       {"pages_not_changed", report.unchanged_pages},
                       {"resumed", report.resumed},
                       {"whole", report.whole},
                       {"changes", merged_json(report.merged)}});
}

// The sources in order; the first that was stopped ends it.
std::vector<Outcome> update_all(const std::vector<std::string>& names, const UpdateWishes& wishes,
                                catalog::Catalog& catalog, net::HttpClient& client, const catalog::UpdateSites& sites,
                                Session& session) {
  const auto meter = session.progress_meter();
  std::string stage;
  catalog::UpdateOptions options{.dry_run = wishes.dry_run};
  options.on_progress = [&](const catalog::UpdateProgress& now) {
    if (now.source != stage) meter->start(message("reading {}", now.source), message("entries"));
    stage = now.source;
    meter->update(now.entries, now.expected);
  };
  options.fetch.on_wait = [&](std::string_view host, std::chrono::milliseconds time) {
    meter->start(message("waiting {} s, for {}", (time.count() + 999) / 1000, host), message("entries"));
    stage.clear();
  };
  catalog::Updater updater(catalog, client, options, session.clock);
  std::vector<Outcome> outcomes;
  for (const std::string& name : names) {
    Outcome outcome{name, {}, {}};
    auto source = client_of(name, sites, wishes.filter, updater.today(), catalog);
    auto report = source ? updater.update(**source, session.interrupt.token()) : fail(source.error());
    if (report) outcome.report = std::move(*report);
    if (!report) outcome.error = std::move(report).error();
    if (outcome.error) meter->cancel();
    const bool stopped = outcome.error && outcome.error->code() == ErrorCode::kCancelled;
    outcomes.push_back(std::move(outcome));
    if (stopped) break;
  }
  meter->finish();
  return outcomes;
}

}  // namespace

Result<int> update_catalog(const UpdateWishes& wishes, bool json, Session& session) {
  ZUBR_TRY(names, chosen_sources(wishes));
  const core::Environment environment = core::process_environment();
  ZUBR_TRY(http, net::http_options(session.settings, environment));
  http.user_agent = "zubr/" + session.services.version;
  net::HttpClient client(http);
  auto lock = core::FileLock::acquire(session.home / "catalog.update.lock", std::chrono::seconds(1));
  if (!lock && lock.error().code() == ErrorCode::kTimeout)
    return fail(ErrorCode::kUnavailable, "another zubr updates the catalog; wait for it, or stop it");
  if (!lock) return fail(lock.error());
  ZUBR_TRY(catalog, open_catalog(session));
  const auto outcomes = update_all(names, wishes, catalog, client, sites_of(session.settings, environment), session);
  if (json) {
    std::vector<Json> items;
    for (const Outcome& outcome : outcomes) items.push_back(outcome_json(outcome));
    session.console.out << json_text(
        Json::object({{"dry_run", wishes.dry_run}, {"sources", Json::array(std::move(items))}}));
  } else {
    show_text(outcomes, session);
  }
  int code = kExitOk;
  for (const Outcome& outcome : outcomes) {
    if (!outcome.error) continue;
    session.console.err << "zubr: " << outcome.name << ": " << outcome.error->message() << "\n";
    if (outcome.error->code() == ErrorCode::kCancelled)
      session.console.err << message("what was read is kept; the same command goes on") << "\n";
    if (code == kExitOk || outcome.error->code() == ErrorCode::kCancelled) code = exit_code(outcome.error->code());
  }
  if (wishes.dry_run) session.console.err << message("nothing was kept: this was --dry-run") << "\n";
  return code;
}

}  // namespace zubr::cli
