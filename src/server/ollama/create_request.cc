#include "server/ollama/create_request.h"

#include <fmt/format.h>

#include "server/json/json_fields.h"

namespace zubr::server::ollama {
namespace json = boost::json;

namespace {

constexpr std::size_t kMostFiles = 64;
constexpr std::size_t kMostMessages = 1'000;

// {"model.gguf": "sha256:…"} → the digests, by name, so that parts of a split file stay in order.
std::vector<std::string> read_files(JsonFields& fields, std::string_view field) {
  std::vector<std::string> digests;
  const json::object* object = fields.object(field);
  if (!object) return digests;
  std::map<std::string, std::string> sorted;
  for (const auto& [name, digest] : *object) {
    if (!digest.is_string()) {
      fields.fail(field, fmt::format("'{}' must hold a digest for each file", field), "invalid_type");
      return digests;
    }
    if (!std::string_view(name).ends_with(".gguf")) {
      fields.fail(field, fmt::format("'{}' holds '{}'; only GGUF files can be served", field, std::string_view(name)));
      return digests;
    }
    sorted.emplace(name, digest.get_string());
  }
  if (sorted.size() > kMostFiles) fields.fail(field, fmt::format("'{}' holds more than {} files", field, kMostFiles));
  for (auto& [name, digest] : sorted) digests.push_back(std::move(digest));
  return digests;
}

std::optional<std::string> scalar(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_number() || value.is_bool()) return json::serialize(value);
  return std::nullopt;
}

void read_parameters(JsonFields& fields, models::Modelfile& recipe) {
  const json::object* object = fields.object("parameters");
  if (!object) return;
  for (const auto& [name, value] : *object) {
    const json::array* several = value.if_array();
    const std::size_t count = several ? several->size() : 1;
    for (std::size_t i = 0; i < count; ++i) {
      const auto text = scalar(several ? (*several)[i] : value);
      if (!text)
        return fields.fail("parameters",
                           fmt::format("'parameters.{}' must be a value or an array of values", std::string_view(name)),
                           "invalid_type");
      recipe.parameters.emplace_back(name, *text);
    }
  }
}

void read_licenses(JsonFields& fields, models::Modelfile& recipe) {
  const json::value* value = fields.find("license");
  if (!value) return;
  if (value->is_string()) return recipe.licenses.emplace_back(value->get_string()), void();
  const json::array* list = value->if_array();
  for (std::size_t i = 0; list && i < list->size(); ++i) {
    if (!(*list)[i].is_string()) list = nullptr;
    if (list) recipe.licenses.emplace_back((*list)[i].get_string());
  }
  if (!list) fields.fail("license", "'license' must be a text or an array of texts", "invalid_type");
}

void read_messages(JsonFields& fields, models::Modelfile& recipe, std::optional<ApiError>& error) {
  const json::array* list = fields.array("messages");
  if (!list) return;
  if (list->size() > kMostMessages)
    return fields.fail("messages", fmt::format("'messages' holds more than {}", kMostMessages));
  for (std::size_t i = 0; i < list->size() && !error; ++i) {
    const json::object* one = (*list)[i].if_object();
    const std::string path = fmt::format("messages[{}]", i);
    if (!one) return fields.fail(path, fmt::format("'{}' must be an object", path), "invalid_type");
    JsonFields message(*one, path + ".", error);
    const std::string role = message.string("role").value_or("");
    if (role != "system" && role != "user" && role != "assistant")
      return message.fail("role", fmt::format("'{}.role' must be system, user or assistant", path));
    recipe.messages.push_back({role, message.string("content").value_or("")});
  }
}

}  // namespace

ApiResult<CreateRequest> parse_create(std::string_view body, const ServerLimits& limits) {
  auto object = parse_object(body, limits.json_depth);
  if (!object) return tl::unexpected(std::move(object).error());
  std::optional<ApiError> error;
  JsonFields fields(*object, "", error);
  CreateRequest request;
  ShelfRecipe& recipe = request.recipe;
  recipe.name = fields.string("model").value_or(fields.string("name").value_or(""));
  if (recipe.name.empty()) fields.fail("model", "'model' is missing", "missing");
  request.stream = fields.boolean("stream").value_or(true);
  recipe.from = fields.string("from").value_or("");
  recipe.files = read_files(fields, "files");
  recipe.adapters = read_files(fields, "adapters");
  if (!error && recipe.from.empty() == recipe.files.empty())
    fields.fail("from", "a model is made from another one ('from') or from files ('files'): name one of them");
  if (!fields.string("quantize").value_or("").empty())
    fields.fail("quantize", "'quantize' is for who sits at this machine: zubr quantize", "unsupported");
  recipe.modelfile.chat_template = fields.string("template").value_or("");
  recipe.modelfile.system = fields.string("system").value_or("");
  read_parameters(fields, recipe.modelfile);
  read_licenses(fields, recipe.modelfile);
  read_messages(fields, recipe.modelfile, error);
  if (error) return tl::unexpected(std::move(*error));
  return request;
}

}  // namespace zubr::server::ollama
