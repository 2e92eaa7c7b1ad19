#include "server/openai/response_object.h"

#include "server/openai/response_items.h"
#include "server/random_name.h"

namespace zubr::server::openai {
namespace json = boost::json;
using inference::Generation;

namespace {

json::object usage_object(const inference::Usage& usage) {
  return {{"input_tokens", usage.prompt_tokens},
          {"input_tokens_details", {{"cached_tokens", usage.cached_prompt_tokens}}},
          {"output_tokens", usage.completion_tokens},
          {"output_tokens_details", {{"reasoning_tokens", 0}}},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens}};
}

}  // namespace

json::object ResponseWriter::base(std::string_view status) const {
  json::object object{
      {"id", facts_.id},     {"object", "response"}, {"created_at", facts_.created},  {"status", status},
      {"background", false}, {"error", nullptr},     {"incomplete_details", nullptr}, {"model", facts_.model},
      {"output", output_},   {"usage", nullptr}};
  for (const auto& [name, value] : facts_.echo) object[name] = value;
  return object;
}

json::object ResponseWriter::where() const { return {{"item_id", item_id_}, {"output_index", output_.size()}}; }

std::string ResponseWriter::say(std::string_view type, json::object fields) {
  json::object event{{"type", type}, {"sequence_number", sequence_++}};
  for (auto& [name, value] : fields) event[name] = std::move(value);
  return std::string("event: ").append(type).append("\ndata: ").append(json::serialize(event)).append("\n\n");
}

std::string ResponseWriter::begin() {
  const json::object object = base("in_progress");
  std::string out = say("response.created", {{"response", object}});
  return out += say("response.in_progress", {{"response", object}});
}

std::string ResponseWriter::open(Open what, const inference::ToolCall& call) {
  std::string out = close();
  open_ = what;
  text_.clear();
  call_ = call;
  json::object item;
  if (what == Open::kThought) item = thought_item(item_id_ = random_name("rs_"), "");
  if (what == Open::kText) item = message_item(item_id_ = random_name("msg_"), "", "in_progress");
  if (what == Open::kCall) {
    call_.arguments.clear();
    item = call_item(item_id_ = random_name("fc_"), call_, "in_progress");
  }
  out += say("response.output_item.added", {{"output_index", output_.size()}, {"item", std::move(item)}});
  if (what == Open::kText) {
    json::object fields = where();
    fields["content_index"] = 0;
    fields["part"] = output_text("");
    out += say("response.content_part.added", std::move(fields));
  }
  return out;
}

std::string ResponseWriter::close() {
  if (open_ == Open::kNothing) return {};
  json::object fields = where();
  json::object item;
  std::string out;
  if (open_ == Open::kThought) {
    fields["content_index"] = 0;
    fields["text"] = text_;
    out += say("response.reasoning_text.done", std::move(fields));
    item = thought_item(item_id_, text_);
  } else if (open_ == Open::kText) {
    fields["content_index"] = 0;
    json::object part = fields;
    fields["text"] = text_;
    fields["logprobs"] = json::array();
    part["part"] = output_text(text_);
    out += say("response.output_text.done", std::move(fields));
    out += say("response.content_part.done", std::move(part));
    item = message_item(item_id_, text_, "completed");
  } else {
    fields["name"] = call_.name;
    fields["arguments"] = call_.arguments;
    out += say("response.function_call_arguments.done", std::move(fields));
    item = call_item(item_id_, call_, "completed");
  }
  out += say("response.output_item.done", {{"output_index", output_.size()}, {"item", item}});
  output_.push_back(std::move(item));
  open_ = Open::kNothing;
  open_call_ = -1;
  return out;
}

std::string ResponseWriter::event(const inference::Event& event) {
  std::string out;
  const auto delta = [&](std::string_view type, std::string_view piece, bool content) {
    json::object fields = where();
    if (content) fields["content_index"] = 0;
    fields["delta"] = piece;
    if (type == "response.output_text.delta") fields["logprobs"] = json::array();
    out += say(type, std::move(fields));
  };
  if (const auto* text = std::get_if<inference::TextDelta>(&event)) {
    if (text->text.empty()) return out;
    if (open_ != Open::kText) out += open(Open::kText);
    text_ += text->text;
    delta("response.output_text.delta", text->text, true);
  } else if (const auto* thought = std::get_if<inference::ThoughtDelta>(&event)) {
    if (open_ != Open::kThought) out += open(Open::kThought);
    text_ += thought->text;
    delta("response.reasoning_text.delta", thought->text, true);
  } else if (const auto* call = std::get_if<inference::ToolCallDelta>(&event)) {
    if (open_ != Open::kCall || open_call_ != call->index) {
      out += open(Open::kCall, {.id = call->id, .name = call->name, .arguments = {}});
      open_call_ = call->index;
    }
    call_.arguments += call->arguments;
    if (!call->arguments.empty()) delta("response.function_call_arguments.delta", call->arguments, false);
  }
  return out;
}

std::string ResponseWriter::finish(const Generation& generation) {
  std::string out = close();
  const bool cut = generation.finish == inference::FinishReason::kLength;
  if (output_.empty()) {  // it said nothing
    out += open(Open::kText);
    out += close();
  }
  if (cut) {
    if (json::value* status = output_.back().get_object().if_contains("status")) *status = "incomplete";
  }
  object_ = base(cut ? "incomplete" : "completed");
  if (cut) object_["incomplete_details"] = {{"reason", "max_output_tokens"}};
  object_["usage"] = usage_object(generation.usage);
  return out + say(cut ? "response.incomplete" : "response.completed", {{"response", object_}});
}

void ResponseWriter::set(const Generation& generation) {
  if (!generation.thoughts.empty()) event(inference::ThoughtDelta{generation.thoughts});
  event(inference::TextDelta{generation.text});
  int index = 0;
  for (const auto& call : generation.tool_calls)
    event(inference::ToolCallDelta{.index = index++, .id = call.id, .name = call.name, .arguments = call.arguments});
  finish(generation);
}

}  // namespace zubr::server::openai
