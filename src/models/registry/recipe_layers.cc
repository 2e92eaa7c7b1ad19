#include "models/registry/recipe_layers.h"

#include <boost/json.hpp>

#include "core/utf8.h"
#include "models/modelfile/model_parameters.h"

namespace zubr::models {
namespace {

namespace json = boost::json;
constexpr std::string_view kPrefix = "application/vnd.ollama.image.";

tl::unexpected<Error> corrupt(std::string_view what) {
  return fail(ErrorCode::kCorrupt, "the registry's layer of {} is not what it should be", what);
}

// A number where it is one: Ollama reads the types.
json::value value_of(const std::string& name, const std::string& text) {
  if (name == "stop") return json::string(text);
  json::error_code error;
  json::value value = json::parse(text, error);
  return error || !value.is_number() ? json::value(json::string(text)) : value;
}

std::string params_json(const Modelfile& recipe) {
  json::object params;
  for (const auto& [name, text] : recipe.parameters) {
    if (name == "stop") {
      if (!params.contains("stop")) params["stop"] = json::array();
      params["stop"].as_array().push_back(value_of(name, text));
    } else {
      params[name] = value_of(name, text);
    }
  }
  return json::serialize(params);
}

std::string messages_json(const Modelfile& recipe) {
  json::array all;
  for (const ModelfileMessage& one : recipe.messages) all.push_back({{"role", one.role}, {"content", one.content}});
  return json::serialize(all);
}

void add_parameter(const std::string& name, std::string text, Modelfile& recipe, std::vector<std::string>& left_out) {
  if (read_parameters({{name, text}})) {
    recipe.parameters.emplace_back(name, std::move(text));
  } else {
    left_out.push_back(name);
  }
}

std::string text_of(const json::value& value) {
  if (value.is_double()) return fmt::format("{}", value.get_double());
  return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

Result<void> apply_params(const json::value& root, Modelfile& recipe, std::vector<std::string>& left_out) {
  if (!root.is_object()) return corrupt("params");
  for (const auto& [key, value] : root.get_object()) {
    if (value.is_array()) {
      for (const json::value& each : value.get_array()) add_parameter(key, text_of(each), recipe, left_out);
    } else {
      add_parameter(key, text_of(value), recipe, left_out);
    }
  }
  return {};
}

Result<void> apply_messages(const json::value& root, Modelfile& recipe, std::vector<std::string>& left_out) {
  if (!root.is_array()) return corrupt("messages");
  for (const json::value& each : root.get_array()) {
    const auto* object = each.if_object();
    const auto* role = object != nullptr ? object->if_contains("role") : nullptr;
    const auto* content = object != nullptr ? object->if_contains("content") : nullptr;
    if (role == nullptr || !role->is_string() || content == nullptr || !content->is_string())
      return corrupt("messages");
    ModelfileMessage message{text_of(*role), text_of(*content)};
    if (message.role == "system" || message.role == "user" || message.role == "assistant") {
      recipe.messages.push_back(std::move(message));
    } else {
      left_out.push_back(message.role);
    }
  }
  return {};
}

}  // namespace

std::vector<RecipeLayer> layers_of(const Modelfile& recipe) {
  std::vector<RecipeLayer> layers;
  const auto add = [&](std::string_view kind, std::string content) {
    layers.push_back({std::string(kPrefix).append(kind), std::move(content)});
  };
  if (!recipe.chat_template.empty()) add("template", recipe.chat_template);
  if (!recipe.system.empty()) add("system", recipe.system);
  if (!recipe.parameters.empty()) add("params", params_json(recipe));
  if (!recipe.messages.empty()) add("messages", messages_json(recipe));
  for (const std::string& license : recipe.licenses) add("license", license);
  return layers;
}

Result<void> apply_layer(LayerKind kind, std::string_view content, Modelfile& recipe,
                         std::vector<std::string>& left_out) {
  if (!core::utf8_valid(content) || content.find('\0') != std::string_view::npos) return corrupt("text");
  switch (kind) {
    case LayerKind::kTemplate: recipe.chat_template = content; return {};
    case LayerKind::kSystem: recipe.system = content; return {};
    case LayerKind::kLicense: recipe.licenses.emplace_back(content); return {};
    case LayerKind::kParameters:
    case LayerKind::kMessages: break;
    default: return {};
  }
  json::error_code error;
  const json::value root = json::parse({content.data(), content.size()}, error);
  if (error) return corrupt(kind == LayerKind::kParameters ? "params" : "messages");
  return kind == LayerKind::kParameters ? apply_params(root, recipe, left_out) : apply_messages(root, recipe, left_out);
}

}  // namespace zubr::models
