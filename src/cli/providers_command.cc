// zubr providers
#include <ostream>

#include "cli/elsewhere_commands.h"
#include "cli/exit_code.h"
#include "cli/json_text.h"
#include "cli/routing.h"
#include "cli/table_text.h"
#include "providers/provider_backend.h"

namespace zubr::cli {
namespace {

using providers::Provider;

std::string fact_text(const std::optional<bool>& fact) {
  return !fact ? message("unknown") : *fact ? message("yes") : message("no");
}

Json fact_json(const std::optional<bool>& fact) { return fact ? Json(*fact) : Json(nullptr); }

std::string keeps_text(const providers::PrivacyFacts& facts) {
  if (facts.retains == true && facts.retention_days) return message("{} days", *facts.retention_days);
  return fact_text(facts.retains);
}

// "2 keys", "no key: GROQ_API_KEY"
std::string key_text(const Provider& provider, std::size_t keys) {
  if (keys == 1) return message("yes");
  if (keys > 1) return message("{} keys", keys);
  if (!provider.needs_key) return message("not needed");
  return message("no: {}", provider.key_variable);
}

Json json_of(const Provider& provider, std::size_t keys) {
  const providers::PrivacyFacts& facts = provider.privacy;
  std::vector<Json> features;
  for (const std::string& name : providers::feature_names(provider.features)) features.emplace_back(name);
  return Json::object({{"name", provider.name},
                       {"display", provider.display},
                       {"reach", providers::reach_name(provider.reach)},
                       {"base_url", provider.base_url},
                       {"base_url_variable", provider.base_url_variable},
                       {"key_variable", provider.key_variable},
                       {"keys", static_cast<std::int64_t>(keys)},
                       {"trains", fact_json(facts.trains)},
                       {"retains", fact_json(facts.retains)},
                       {"retention_days", facts.retention_days ? Json(*facts.retention_days) : Json(nullptr)},
                       {"region", facts.region},
                       {"privacy_source", facts.source},
                       {"privacy_date", facts.date},
                       {"features", Json::array(std::move(features))},
                       {"origin", provider.origin}});
}

Result<int> list(bool json, bool ready_only, Session& session) {
  ZUBR_TRY(table, provider_table(session));
  const core::Environment environment = core::process_environment();
  std::vector<Json> items;
  TableText text({message("NAME"), message("WHERE"), message("KEY"), message("TRAINS ON IT"), message("KEEPS IT"),
                  message("SAID ON"), message("ADDRESS")});
  for (const Provider& provider : table.all()) {
    const std::size_t keys = providers::keys_of(provider, environment).size();
    const auto ready = providers::ready(provider, environment);
    if (ready_only && ((provider.needs_key && keys == 0) || !ready)) continue;
    items.push_back(json_of(ready ? *ready : provider, keys));
    const bool hosted = provider.reach == providers::Reach::kHosted;
    text.add_row({provider.name, std::string(providers::reach_name(provider.reach)), key_text(provider, keys),
                  hosted ? fact_text(provider.privacy.trains) : message("no"),
                  hosted ? keeps_text(provider.privacy) : message("no"), provider.privacy.date,
                  ready ? ready->base_url : "$" + provider.base_url_variable});
  }
  session.console.out << (json ? json_text(Json::array(std::move(items))) : text.text());
  return kExitOk;
}

}  // namespace

void add_providers(CLI::App& root, CommandLine& line) {
  CLI::App* command =
      line.add_command(root, "providers", "Show who can be asked for answers, with what privacy", "Elsewhere",
                       "  zubr providers\n  zubr providers --ready --json\n"
                       "Providers of your own: [providers.NAME] in config.toml, see docs/providers.md.\n");
  const auto json = std::make_shared<bool>(false), ready = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "as JSON");
  command->add_flag("--ready", *ready, "only those that can be asked now");
  command->callback(
      [&line, json, ready] { line.action = [json, ready](Session& session) { return list(*json, *ready, session); }; });
}

}  // namespace zubr::cli
