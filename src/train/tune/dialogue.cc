#include "train/tune/dialogue.h"

#include <boost/json.hpp>

#include <algorithm>
#include <array>

namespace zubr::train {
namespace {

namespace json = boost::json;
using inference::Message;
using inference::Role;

tl::unexpected<Error> bad(std::string reason) {
  return tl::unexpected(Error(ErrorCode::kInvalidArgument, std::move(reason)));
}

Result<std::string> text_value(const json::object& record, std::string_view key) {
  const json::value* value = record.if_contains(key);
  if (!value) return bad(message("it has no '{}'", key));
  if (const auto* text = value->if_string()) return std::string(*text);
  if (value->is_int64() || value->is_uint64() || value->is_double()) return json::serialize(*value);
  return bad(message("its '{}' is not a text", key));
}

std::string text_or_empty(const json::object& record, std::string_view key) {
  const auto* value = record.if_contains(key);
  const auto* text = value ? value->if_string() : nullptr;
  return text ? std::string(*text) : std::string();
}

// A message's content: a text, or a list of parts that are texts.
Result<std::string> content_of(const json::object& part) {
  const json::value* content = part.if_contains("content");
  if (part.contains("tool_calls")) return bad(message("it has tool calls, which cannot be trained on"));
  if (!content) return bad(message("a message has no 'content'"));
  if (const auto* text = content->if_string()) return std::string(*text);
  const auto* list = content->if_array();
  if (!list) return bad(message("a message's content is no text"));
  std::string all;
  for (const json::value& item : *list) {
    const auto* object = item.if_object();
    const bool is_text = object && text_or_empty(*object, "type") == "text";
    if (!is_text) return bad(message("a message has a part that is no text"));
    all += text_or_empty(*object, object->contains("text") ? "text" : "value");
  }
  return all;
}

Result<Role> role_of(std::string_view name) {
  if (name == "system" || name == "developer") return Role::kSystem;
  if (name == "user" || name == "human") return Role::kUser;
  if (name == "assistant" || name == "gpt" || name == "model") return Role::kAssistant;
  return bad(message("'{}' is not a role that can be trained on; those are system, user and assistant", name));
}

Result<void> add_message(Dialogue& dialogue, Role role, std::string content) {
  auto& messages = dialogue.messages;
  if (role == Role::kSystem && !messages.empty()) return bad(message("a system message is not the first one"));
  if (role == Role::kAssistant && (messages.empty() || messages.back().role == Role::kSystem))
    return bad(message("the assistant speaks before the user"));
  if (!messages.empty() && messages.back().role == role) return bad(message("the same role speaks twice in a row"));
  if (role != Role::kSystem && content.find_first_not_of(" \t\r\n") == std::string::npos)
    return bad(role == Role::kAssistant ? message("an answer is empty") : message("a prompt is empty"));
  messages.push_back({role, std::move(content)});
  return {};
}

Result<void> read_chat(const json::object& record, Dialogue& dialogue) {
  const auto* list = record.at("messages").if_array();
  if (!list || list->empty()) return bad(message("it has no messages"));
  for (const json::value& item : *list) {
    const auto* part = item.if_object();
    if (!part) return bad(message("a message is not an object"));
    ZUBR_TRY(role, role_of(text_or_empty(*part, "role")));
    ZUBR_TRY(content, content_of(*part));
    ZUBR_CHECK(add_message(dialogue, role, std::move(content)));
  }
  return {};
}

Result<void> add_system(const json::object& record, Dialogue& dialogue) {
  const std::string system = text_or_empty(record, "system");
  return system.empty() ? Result<void>() : add_message(dialogue, Role::kSystem, system);
}

Result<void> read_sharegpt(const json::object& record, Dialogue& dialogue) {
  const auto* list = record.at("conversations").if_array();
  if (!list || list->empty()) return bad(message("it has no messages"));
  ZUBR_CHECK(add_system(record, dialogue));
  for (const json::value& item : *list) {
    const auto* part = item.if_object();
    if (!part) return bad(message("a message is not an object"));
    ZUBR_TRY(role, role_of(text_or_empty(*part, "from")));
    ZUBR_TRY(content, text_value(*part, "value"));
    ZUBR_CHECK(add_message(dialogue, role, std::move(content)));
  }
  return {};
}

Result<void> read_alpaca(const json::object& record, Dialogue& dialogue) {
  ZUBR_CHECK(add_system(record, dialogue));
  if (const auto* history = record.if_contains("history"); history && history->is_array()) {
    for (const json::value& turn : history->get_array()) {
      const auto* pair = turn.if_array();
      if (!pair || pair->size() != 2 || !(*pair)[0].is_string() || !(*pair)[1].is_string())
        return bad(message("its 'history' is not a list of [prompt, answer]"));
      ZUBR_CHECK(add_message(dialogue, Role::kUser, std::string((*pair)[0].get_string())));
      ZUBR_CHECK(add_message(dialogue, Role::kAssistant, std::string((*pair)[1].get_string())));
    }
  }
  ZUBR_TRY(prompt, text_value(record, "instruction"));
  if (const std::string input = text_or_empty(record, "input"); !input.empty()) prompt += "\n" + input;
  ZUBR_TRY(answer, text_value(record, "output"));
  ZUBR_CHECK(add_message(dialogue, Role::kUser, std::move(prompt)));
  return add_message(dialogue, Role::kAssistant, std::move(answer));
}

struct Keys {
  std::string_view prompt, answer;
};
constexpr std::array kPairs = {Keys{"prompt", "completion"}, Keys{"prompt", "response"}, Keys{"question", "answer"},
                               Keys{"prompt", "answer"}, Keys{"input", "output"}};

Keys pair_of(const json::object& record, const DialogueOptions& options) {
  if (!options.prompt_column.empty() || !options.completion_column.empty())
    return {options.prompt_column.empty() ? "prompt" : std::string_view(options.prompt_column),
            options.completion_column.empty() ? "completion" : std::string_view(options.completion_column)};
  for (const Keys& keys : kPairs)
    if (record.contains(keys.prompt) && record.contains(keys.answer)) return keys;
  return {};
}

Result<void> read_pair(const json::object& record, const DialogueOptions& options, Dialogue& dialogue) {
  const Keys keys = pair_of(record, options);
  ZUBR_CHECK(add_system(record, dialogue));
  ZUBR_TRY(prompt, text_value(record, keys.prompt));
  ZUBR_TRY(answer, text_value(record, keys.answer));
  ZUBR_CHECK(add_message(dialogue, Role::kUser, std::move(prompt)));
  return add_message(dialogue, Role::kAssistant, std::move(answer));
}

Result<void> read_labelled(const json::object& record, const DialogueOptions& options, Dialogue& dialogue) {
  ZUBR_TRY(text, text_value(record, options.text_column.empty() ? "text" : std::string_view(options.text_column)));
  std::string label;
  if (!options.corrected_column.empty()) label = text_or_empty(record, options.corrected_column);
  if (label.empty()) {
    ZUBR_TRY(given,
             text_value(record, options.label_column.empty() ? "label" : std::string_view(options.label_column)));
    label = std::move(given);
  }
  if (!options.labels.empty() && std::ranges::find(options.labels, label) == options.labels.end())
    return bad(message("its label '{}' is none of the {} labels", label, options.labels.size()));
  if (text.empty()) return bad(message("the text is empty"));
  std::string prompt = options.label_prompt;
  const auto hole = prompt.find("{{text}}");
  if (hole == std::string::npos) return bad(message("the prompt for labels has no {{{{text}}}}"));
  prompt.replace(hole, 8, text);
  ZUBR_CHECK(add_message(dialogue, Role::kUser, std::move(prompt)));
  return add_message(dialogue, Role::kAssistant, options.label_prefix + label);
}

Result<RecordForm> form_of(const json::object& record, const DialogueOptions& options) {
  if (!options.label_prompt.empty()) return RecordForm::kLabelled;
  if (record.contains("messages")) return RecordForm::kChat;
  if (record.contains("chosen") || record.contains("rejected"))
    return bad(message("it has a chosen and a rejected answer; preferences cannot be trained on"));
  if (record.contains("conversations")) return RecordForm::kShareGpt;
  if (record.contains("instruction") && record.contains("output")) return RecordForm::kAlpaca;
  if (!pair_of(record, options).prompt.empty()) return RecordForm::kPromptCompletion;
  std::string keys;
  for (const auto& member : record) keys += (keys.empty() ? "" : ", ") + std::string(member.key());
  return bad(
      message("its keys ({}) are none of: messages; conversations; instruction and output; prompt and completion; "
              "name columns with --prompt and --completion, or --labels for a table with labels",
              keys));
}

}  // namespace

std::string_view form_name(RecordForm form) {
  switch (form) {
    case RecordForm::kChat: return "OpenAI chat";
    case RecordForm::kShareGpt: return "ShareGPT";
    case RecordForm::kAlpaca: return "Alpaca";
    case RecordForm::kPromptCompletion: return "prompt and completion";
    case RecordForm::kLabelled: return "text and label";
  }
  return "";
}

Result<Dialogue> parse_dialogue(std::string_view text, const DialogueOptions& options,
                                std::optional<RecordForm>& form) {
  boost::system::error_code error;
  const json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) return bad(message("it is not JSON: {}", error.message()));
  const auto* record = value.if_object();
  if (!record) return bad(message("it is not a JSON object"));
  if (const auto* told = record->if_contains("error"); told && told->is_string() && !told->get_string().empty())
    return bad(message("it has an error: {}", std::string_view(told->get_string())));
  ZUBR_TRY(own, form_of(*record, options));
  if (!form) form = own;
  if (own != *form)
    return bad(message("it is of the form {}, the records before it are {}", form_name(own), form_name(*form)));
  Dialogue dialogue;
  switch (own) {
    case RecordForm::kChat: ZUBR_CHECK(read_chat(*record, dialogue)); break;
    case RecordForm::kShareGpt: ZUBR_CHECK(read_sharegpt(*record, dialogue)); break;
    case RecordForm::kAlpaca: ZUBR_CHECK(read_alpaca(*record, dialogue)); break;
    case RecordForm::kPromptCompletion: ZUBR_CHECK(read_pair(*record, options, dialogue)); break;
    case RecordForm::kLabelled: ZUBR_CHECK(read_labelled(*record, options, dialogue)); break;
  }
  if (dialogue.messages.back().role != Role::kAssistant)
    return bad(message("it does not end with an answer of the assistant"));
  return dialogue;
}

}  // namespace zubr::train
