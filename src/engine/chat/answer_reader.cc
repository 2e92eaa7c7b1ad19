#include "engine/chat/answer_reader.h"

#include <fmt/format.h>

#include <random>
#include <utility>

namespace zubr::engine {
namespace {

std::string fresh_id() {
  std::random_device device;
  return fmt::format("call_{:08x}{:08x}", device(), device());
}

// What of `now` comes after `said`; "" when it is not a continuation.
std::string rest(const std::string& said, const std::string& now) {
  return now.starts_with(said) ? now.substr(said.size()) : std::string();
}

}  // namespace

void AnswerReader::report(ReadAnswer now, bool whole) {
  if (std::string more = rest(said_.thoughts, now.thoughts); !more.empty()) {
    said_.thoughts += more;
    emit(inference::ThoughtDelta{std::move(more)});
  }
  if (std::string more = rest(said_.text, now.text); !more.empty()) {
    said_.text += more;
    emit(inference::TextDelta{std::move(more)});
  }
  for (std::size_t i = 0; i < now.calls.size(); ++i) {
    // The last call's arguments may still change, so it is told once the next one begins, or the answer ends.
    const bool last = i + 1 == now.calls.size();
    if (i < said_.calls.size() || (last && !whole) || now.calls[i].name.empty()) continue;
    inference::ToolCall call = std::move(now.calls[i]);
    if (call.id.empty()) call.id = fresh_id();
    if (call.arguments.empty()) call.arguments = "{}";
    emit(inference::ToolCallDelta{static_cast<int>(i), call.id, call.name, call.arguments});
    said_.calls.push_back(std::move(call));
  }
}

void AnswerReader::push(const inference::Event& event) {
  const auto* delta = std::get_if<inference::TextDelta>(&event);
  if (!delta) return emit(event);
  written_ += delta->text;
  if (auto now = format_->read(written_, /*whole=*/false)) report(*std::move(now), false);
}

Result<void> AnswerReader::finish(inference::Generation& generation, bool required) {
  bool cut = generation.finish == inference::FinishReason::kLength;
  auto now = format_->read(generation.text, !cut);
  if (!now && !generation.stop.empty()) {  // a stop string may end an answer in its middle
    cut = true;
    now = format_->read(generation.text, false);
  }
  if (!now && required && !cut) return fail(now.error());
  if (!now) now = ReadAnswer{.text = generation.text};  // not in the format: then it is just text
  report(*std::move(now), !cut);
  if (required && !cut && said_.calls.empty())
    return fail(ErrorCode::kInternal, "the model did not call a tool, although it had to");
  generation.text = said_.text;
  generation.thoughts = said_.thoughts;
  generation.tool_calls = said_.calls;
  return {};
}

}  // namespace zubr::engine
