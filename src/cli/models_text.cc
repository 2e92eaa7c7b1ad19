#include "cli/models_text.h"

#include <fmt/format.h>

#include <ostream>

#include "cli/exit_code.h"
#include "cli/table_text.h"
#include "core/display.h"
#include "models/keep.h"

namespace zubr::cli {
namespace {

std::string parameters_text(std::int64_t parameters) {
  if (parameters <= 0) return "?";
  const auto count = static_cast<double>(parameters);
  if (count >= 1e9) return fmt::format("{:.2f}B", count / 1e9);
  return count >= 1e6 ? fmt::format("{:.1f}M", count / 1e6) : fmt::format("{:.0f}K", count / 1e3);
}

std::string or_unknown(const std::string& text) { return text.empty() ? "?" : text; }

std::string file_text(const models::ModelEntry& entry) {
  if (entry.shipped) return message("(inside zubr)");
  return entry.file.string() + (entry.missing ? message(" (missing)") : std::string());
}

std::string short_text(const std::string& text) {
  const std::size_t end = text.find('\n');
  return end == std::string::npos ? text : text.substr(0, end) + " …";
}

}  // namespace

Json entry_json(const models::ModelEntry& entry) {
  std::vector<Json> parameters, messages;
  for (const auto& [name, value] : entry.recipe.parameters)
    parameters.push_back(Json::object({{"name", name}, {"value", value}}));
  for (const auto& one : entry.recipe.messages)
    messages.push_back(Json::object({{"role", one.role}, {"content", one.content}}));
  return Json::object({{"name", entry.name},
                       {"path", entry.shipped ? std::string() : entry.file.string()},
                       {"built_in", entry.shipped},
                       {"missing", entry.missing},
                       {"size", static_cast<std::int64_t>(entry.facts.bytes)},
                       {"architecture", entry.facts.architecture},
                       {"parameters", entry.facts.parameters},
                       {"quantization", entry.facts.quantization},
                       {"context", entry.facts.context_tokens},
                       {"projector", entry.projector.string()},
                       {"system", entry.recipe.system},
                       {"template", entry.recipe.chat_template},
                       {"settings", Json::array(std::move(parameters))},
                       {"messages", Json::array(std::move(messages))}});
}

void show_entry(const models::ModelEntry& entry, std::ostream& out) {
  out << entry.name << "\n";
  const auto line = [&out](const std::string& what, const std::string& value) {
    if (!value.empty() && value != "?") out << fmt::format("  {:<14}{}\n", what, value);
  };
  line(message("file"), file_text(entry));
  line(message("size"), core::display_bytes(entry.facts.bytes));
  line(message("architecture"), entry.facts.architecture);
  line(message("parameters"), parameters_text(entry.facts.parameters));
  line(message("quantization"), entry.facts.quantization);
  line(message("context"), entry.facts.context_tokens > 0 ? core::display_count(entry.facts.context_tokens) : "");
  line(message("projector"), entry.projector.string());
  line(message("system"), short_text(entry.recipe.system));
  line(message("template"), short_text(entry.recipe.chat_template));
  for (const auto& [name, value] : entry.recipe.parameters) line(message("setting"), name + " " + value);
  for (const std::string& adapter : entry.recipe.adapters) line(message("adapter"), adapter);
  for (const auto& one : entry.recipe.messages) line(one.role, short_text(one.content));
  for (const std::string& license : entry.recipe.licenses) line(message("licence"), short_text(license));
}

Result<int> list_models(bool json, bool names, Session& session) {
  ZUBR_TRY(entries, session.store.list());
  if (json) {
    std::vector<Json> items;
    for (const auto& entry : entries) items.push_back(entry_json(entry));
    session.console.out << json_text(Json::array(std::move(items)));
    return kExitOk;
  }
  if (names) {
    for (const auto& entry : entries) session.console.out << entry.name << "\n";
    return kExitOk;
  }
  if (entries.empty()) {
    session.console.err << message("no models yet; add one: zubr models add FILE --name NAME") << "\n";
    return kExitOk;
  }
  TableText table({message("NAME"), message("SIZE"), message("ARCHITECTURE"), message("PARAMETERS"),
                   message("QUANTIZATION"), message("CONTEXT"), message("FILE")});
  for (const auto& entry : entries)
    table.add_row({entry.name, core::display_bytes(entry.facts.bytes), or_unknown(entry.facts.architecture),
                   parameters_text(entry.facts.parameters), or_unknown(entry.facts.quantization),
                   entry.facts.context_tokens > 0 ? core::display_count(entry.facts.context_tokens) : "?",
                   file_text(entry)});
  session.console.out << table.text();
  return kExitOk;
}

Result<int> remove_models(const std::vector<std::string>& names, Session& session) {
  for (const std::string& name : names) ZUBR_CHECK(session.store.find(name));  // all or none
  for (const std::string& name : names) {
    ZUBR_TRY(removed, models::remove_model(session.home, session.store, name));
    session.console.err << (removed.freed > 0
                                ? message("forgot '{}'; {} freed", name, core::display_bytes(removed.freed))
                            : removed.postponed
                                ? message("forgot '{}'; a pull is running, so its files go with the next zubr gc", name)
                                : message("forgot '{}'; the file stays: {}", name, removed.entry.file.string()))
                        << "\n";
  }
  return kExitOk;
}

}  // namespace zubr::cli
