// POST /api/show: what is known of a model.
#include <fmt/format.h>

#include "server/endpoints/endpoints.h"
#include "server/json_text.h"
#include "server/lent_model.h"
#include "server/ollama/ollama_request.h"
#include "server/ollama/ollama_response.h"

namespace zubr::server::endpoints {
namespace {

struct Shown {
  std::string architecture, quantization, chat_template;
  std::int64_t parameters = 0;
  std::string facts;  // members of an object
  std::vector<std::string> capabilities;
  std::chrono::system_clock::time_point changed_at{};
  ShelfUse use = {};
};

// A line each; a value with a space in quotes, as `ollama show --parameters` has it.
std::string parameter_lines(const models::Modelfile& recipe) {
  std::string lines;
  for (const auto& [name, value] : recipe.parameters) {
    const bool quoted = value.empty() || value.find(' ') != std::string::npos;
    lines += fmt::format("{}{} {}", lines.empty() ? "" : "\n", name, quoted ? json_text(value) : value);
  }
  return lines;
}

std::string messages_field(const models::Modelfile& recipe) {
  if (recipe.messages.empty()) return "";
  std::string list;
  for (const auto& message : recipe.messages)
    list += fmt::format(R"({}{{"role":{},"content":{}}})", list.empty() ? "" : ",", json_text(message.role),
                        json_text(message.content));
  return fmt::format(R"(,"messages":[{}])", list);
}

// What the recipe says of the model, but for its template.
std::string use_fields(const ShelfUse& use) {
  const models::Modelfile& recipe = use.recipe;
  return fmt::format(R"("license":{},"modelfile":{},"parameters":{},"system":{}{})",
                     json_text(fmt::format("{}", fmt::join(recipe.licenses, "\n\n"))), json_text(use.modelfile),
                     json_text(parameter_lines(recipe)), json_text(recipe.system), messages_field(recipe));
}

Shown show_loaded(const Site& site, const inference::ModelInfo& model) {
  Shown shown{.architecture = model.architecture,
              .quantization = model.quantization,
              .chat_template = model.chat_template,
              .parameters = model.parameters,
              .facts = fmt::format(R"("general.architecture":{},"general.parameter_count":{},"{}.context_length":{},)"
                                   R"("{}.embedding_length":{})",
                                   json_text(model.architecture), model.parameters, model.architecture,
                                   model.context_tokens, model.architecture, model.embedding_length),
              .capabilities = {},
              .changed_at = std::chrono::system_clock::time_point(std::chrono::seconds(site.started_at))};
  const auto add = [&](bool has, const char* name) {
    if (has) shown.capabilities.emplace_back(fmt::format("\"{}\"", name));
  };
  add(model.can_generate, "completion");
  add(model.can_generate && model.has_chat_template, "tools");
  add(model.can_infill, "insert");
  add(model.can_see, "vision");
  add(model.can_hear, "audio");
  add(model.template_has_thinking, "thinking");
  add(model.can_embed && !model.can_generate, "embedding");
  return shown;
}

Result<Shown> show_stored(ModelShelf& shelf, const std::string& name) {
  ZUBR_TRY(model, shelf.find(name));
  ZUBR_TRY(facts, shelf.facts(name));
  ZUBR_TRY(chat_template, shelf.chat_template(name));
  ZUBR_TRY(use, shelf.use(name));
  if (!use.recipe.chat_template.empty()) chat_template = use.recipe.chat_template;
  Shown shown{.architecture = model.architecture,
              .quantization = model.quantization,
              .chat_template = chat_template,
              .parameters = model.parameters,
              .facts = fmt::format(R"("general.parameter_count":{})", model.parameters),
              .capabilities = {R"("completion")"},
              .changed_at = model.changed_at,
              .use = std::move(use)};
  for (const auto& [key, value] : facts) {
    if (key != "general.parameter_count") shown.facts += fmt::format(",{}:{}", json_text(key), value);
  }
  return shown;
}

}  // namespace

void ollama_show(const Site& site, const Request& request, Exchange& exchange) {
  const auto refuse = [&](const ApiError& error) { exchange.send(error_response(error, Dialect::kOllama)); };
  const auto wanted = ollama::parse_model(request.body, site.limits);
  if (!wanted) return refuse(wanted.error());
  const auto resolved = site.host.resolve(wanted->model);
  const std::string name = resolved ? *resolved : wanted->model;  // the shelf may know more than is served
  std::optional<Shown> loaded;
  for (const auto& one : site.host.loaded()) {
    if (one.info.name == name && !one.loading) loaded = show_loaded(site, one.info);
  }
  auto stored =
      site.shelf ? show_stored(*site.shelf, name) : fail(ErrorCode::kNotFound, "model '{}' is not here", name);
  if (!stored && !loaded) return refuse(model_error(resolved ? stored.error() : resolved.error()));
  Shown shown = loaded ? *loaded : *stored;
  if (stored) {
    shown.facts = stored->facts;
    shown.changed_at = stored->changed_at;
    shown.use = stored->use;
    if (!shown.use.recipe.chat_template.empty()) shown.chat_template = shown.use.recipe.chat_template;
  }
  Response response;
  response.body = fmt::format(R"({{{},"template":{},"details":{},"model_info":{{{}}},"capabilities":[{}],)"
                              R"("modified_at":"{}"}})",
                              use_fields(shown.use), json_text(shown.chat_template),
                              ollama::details_json(shown.architecture, shown.parameters, shown.quantization),
                              shown.facts, fmt::join(shown.capabilities, ","), ollama::date_text(shown.changed_at));
  exchange.send(std::move(response));
}

}  // namespace zubr::server::endpoints
