#include "engine/chat/generic_tools.h"

#include <boost/json.hpp>

#include "engine/chat/tool_schema.h"
#include "engine/generate/schema_check.h"
#include "engine/llama/tokenizer.h"

namespace zubr::engine {
namespace {

namespace json = boost::json;
using inference::Message;
using inference::Role;
using inference::Tool;
using inference::ToolChoice;

json::value parsed(const std::string& text) {
  boost::system::error_code problem;
  json::value value = json::parse(text, problem);
  return problem ? json::value(text) : value;
}

std::string description(std::span<const Tool> tools, ToolChoice choice) {
  std::string text = "You can call these tools:\n";
  for (const Tool& tool : tools) {
    json::object one{{"name", tool.name}};
    if (!tool.description.empty()) one["description"] = tool.description;
    one["parameters"] = tool.parameters.empty() ? json::value(json::object()) : parsed(tool.parameters);
    text += json::serialize(one) + "\n";
  }
  text += R"(To call tools, answer {"tool_calls":[{"name":"…","arguments":{…}}]}.)";
  if (choice == ToolChoice::kAuto) text += R"( Else answer {"response":"…"}.)";
  return text;
}

std::string calls_text(const Message& message) {
  json::array calls;
  for (const inference::ToolCall& call : message.tool_calls)
    calls.push_back(json::object{{"name", call.name}, {"arguments", parsed(call.arguments)}});
  return json::serialize(json::object{{"tool_calls", std::move(calls)}});
}

// Every "$ref":"#/…" becomes "#/$defs/<name>/…": the schema moved there.
void move_references(json::value& schema, const std::string& name) {
  if (json::array* list = schema.if_array()) {
    for (json::value& item : *list) move_references(item, name);
  } else if (json::object* object = schema.if_object()) {
    for (auto& member : *object) {
      json::value& value = member.value();
      if (member.key() == "$ref" && value.is_string() && value.get_string().starts_with("#"))
        value = "#/$defs/" + name + std::string(value.get_string()).substr(1);
      else
        move_references(value, name);
    }
  }
}

std::string_view whole_text(std::string_view bytes) { return bytes.substr(0, complete_utf8_prefix(bytes)); }

class GenericFormat : public AnswerFormat {
 public:
  Result<ReadAnswer> read(std::string_view written, bool whole) const override {
    boost::system::error_code problem;
    const json::value value = json::parse(json::string_view(written.data(), written.size()), problem);
    if (problem && whole)
      return fail(ErrorCode::kInternal, "the model's answer is not the JSON object that it had to be");
    if (problem) return ReadAnswer{.text = begun_response(written)};
    ReadAnswer answer;
    const json::object* object = value.if_object();
    if (!object) return fail(ErrorCode::kInternal, "the model's answer is not the JSON object that it had to be");
    if (const json::value* response = object->if_contains("response"))
      answer.text = response->is_string() ? std::string(response->get_string()) : json::serialize(*response);
    const json::value* calls = object->if_contains("tool_calls");
    if (!calls || !calls->is_array()) return answer;
    for (const json::value& call : calls->get_array()) {
      const json::value* name = call.is_object() ? call.get_object().if_contains("name") : nullptr;
      const json::value* arguments = call.is_object() ? call.get_object().if_contains("arguments") : nullptr;
      if (name && name->is_string())
        answer.calls.push_back(
            {"", std::string(name->get_string()), arguments ? json::serialize(*arguments) : std::string("{}")});
    }
    return answer;
  }

 private:
  // As much as is there of the text in {"response":"…
  static std::string begun_response(std::string_view written) {
    constexpr std::string_view kBlank = " \t\r\n";
    const auto skip = [&](std::string_view expected) {
      written.remove_prefix(std::min(written.find_first_not_of(kBlank), written.size()));
      if (!written.starts_with(expected)) return false;
      written.remove_prefix(expected.size());
      return true;
    };
    if (!skip("{") || !skip("\"response\"") || !skip(":") || !skip("\"")) return "";
    std::size_t end = 0;
    while (end < written.size() && written[end] != '"') {
      std::size_t length = 1;
      if (written[end] == '\\') {
        length = written.substr(end, 2) == "\\u" ? 6 : 2;
        // The first half of a surrogate pair says nothing without the second.
        const bool high = length == 6 && end + 3 < written.size() && (written[end + 2] | 0x20) == 'd' &&
                          std::string_view("89abAB").find(written[end + 3]) != std::string_view::npos;
        if (high) length = 12;
      }
      if (end + length > written.size()) break;
      end += length;
    }
    boost::system::error_code problem;
    const json::value text = json::parse('"' + std::string(whole_text(written.substr(0, end))) + '"', problem);
    return problem ? std::string() : std::string(text.get_string());
  }
};

}  // namespace

std::vector<Message> describe_tools(std::span<const Message> messages, std::span<const Tool> tools, ToolChoice choice,
                                    bool system_role) {
  std::vector<Message> result;
  for (const Message& message : messages) {
    Message plain{message.role, message.content};
    plain.media = message.media;
    if (message.role == Role::kTool) {
      plain.role = Role::kUser;
      const std::string& from = message.tool_name.empty() ? message.tool_call_id : message.tool_name;
      plain.content = (from.empty() ? "Tool result: " : "Result of " + from + ": ") + message.content;
    } else if (!message.tool_calls.empty()) {
      plain.content += (plain.content.empty() ? "" : "\n") + calls_text(message);
    }
    // Several results of one turn are one message: templates want roles to alternate.
    if (message.role == Role::kTool && !result.empty() && result.back().role == Role::kUser)
      result.back().content += "\n" + plain.content;
    else
      result.push_back(std::move(plain));
  }
  if (tools.empty() || choice == ToolChoice::kNone) return result;
  const std::string text = description(tools, choice);
  const Role wanted = system_role ? Role::kSystem : Role::kUser;
  for (Message& message : result) {
    if (message.role != wanted) continue;
    message.content = system_role ? message.content + "\n\n" + text : text + "\n\n" + message.content;
    for (inference::Media& medium : message.media) medium.at += system_role ? 0 : text.size() + 2;
    return result;
  }
  result.insert(result.begin(), Message{wanted, text});
  return result;
}

Result<std::string> generic_answer_schema(std::span<const Tool> tools, ToolChoice choice, bool parallel,
                                          const std::optional<std::string>& response_schema) {
  json::object definitions;
  json::array alternatives;
  for (std::size_t i = 0; i < tools.size(); ++i) {
    ZUBR_TRY(checked, enforceable_parameters(tools[i]));
    const std::string name = "tool" + std::to_string(i);
    json::value parameters = parsed(checked);
    move_references(parameters, name);
    definitions[name] = std::move(parameters);
    alternatives.push_back(
        json::object{{"type", "object"},
                     {"properties", json::object{{"name", json::object{{"const", tools[i].name}}},
                                                 {"arguments", json::object{{"$ref", "#/$defs/" + name}}}}},
                     {"required", json::array{"name", "arguments"}}});
  }
  json::object calls{{"type", "array"}, {"items", json::object{{"anyOf", std::move(alternatives)}}}, {"minItems", 1}};
  if (!parallel) calls["maxItems"] = 1;
  const auto object_of = [](const char* name, json::value schema) {
    return json::object{
        {"type", "object"}, {"properties", json::object{{name, std::move(schema)}}}, {"required", json::array{name}}};
  };
  json::object root = object_of("tool_calls", std::move(calls));
  if (choice == ToolChoice::kAuto) {
    json::value response = json::object{{"type", "string"}};
    if (response_schema) {
      ZUBR_TRY(checked, check_schema(*response_schema));
      definitions["response"] = parsed(checked);
      move_references(definitions["response"], "response");
      response = json::object{{"$ref", "#/$defs/response"}};
    }
    root = json::object{{"anyOf", json::array{std::move(root), object_of("response", std::move(response))}}};
  }
  root["$defs"] = std::move(definitions);
  return json::serialize(root);
}

std::shared_ptr<const AnswerFormat> generic_format() { return std::make_shared<GenericFormat>(); }

}  // namespace zubr::engine
