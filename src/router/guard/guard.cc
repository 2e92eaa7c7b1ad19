#include "router/guard/guard.h"

#include <algorithm>
#include <array>
#include <set>

#include "core/utf8.h"

namespace zubr::router {
namespace {

using inference::GenerateRequest;

constexpr std::size_t kMostBytes = 16u << 20;
constexpr std::array<std::string_view, 4> kActions{"off", "mask", "local", "block"};

// Every text of a request that leaves, to read or to change.
template <typename Request, typename Function>
void for_each_text(Request& request, const Function& function) {
  for (auto& message : request.messages) {
    function(message.content);
    for (auto& call : message.tool_calls) function(call.arguments);
  }
  for (auto& tool : request.tools) {
    function(tool.description);
    function(tool.parameters);
  }
  for (auto& stop : request.stop) function(stop);
  if (request.raw_prompt) function(*request.raw_prompt);
  if (request.suffix) function(*request.suffix);
  if (request.json_schema) function(*request.json_schema);
}

struct Looked {
  std::set<Sensitive> kinds;
  bool readable = true;
};

Looked look_at(const std::vector<std::string_view>& texts, unsigned kinds) {
  Looked looked;
  std::size_t bytes = 0;
  for (const std::string_view text : texts) {
    bytes += text.size();
    looked.readable = looked.readable && bytes <= kMostBytes && core::utf8_valid(text);
    if (!looked.readable) return looked;
    for (const Finding& finding : find_sensitive(text))
      if ((kinds & (1u << static_cast<unsigned>(finding.kind))) != 0) looked.kinds.insert(finding.kind);
  }
  return looked;
}

std::string names_of(const std::set<Sensitive>& kinds) {
  std::vector<std::string_view> names;
  for (const Sensitive kind : kinds) names.push_back(sensitive_name(kind));
  return fmt::format("{}", fmt::join(names, ", "));
}

// True: something must be masked.
Result<bool> judge(const Guard& guard, const std::vector<std::string_view>& texts, bool& must_stay) {
  if (guard.action == GuardAction::kOff) return false;
  const Looked looked = look_at(texts, guard.kinds);
  if (!looked.readable) {
    if (guard.action == GuardAction::kBlock)
      return fail(ErrorCode::kPrivacy,
                  "the request cannot be looked through (no UTF-8, or over {} bytes), so it is refused", kMostBytes);
    must_stay = true;
    return false;
  }
  if (looked.kinds.empty()) return false;
  if (guard.action == GuardAction::kBlock)
    return fail(ErrorCode::kPrivacy, "the request has what may not leave ({}); take it out, or set route.guard",
                names_of(looked.kinds));
  must_stay = guard.action == GuardAction::kLocal;
  return guard.action == GuardAction::kMask;
}

}  // namespace

std::string_view guard_name(GuardAction action) { return kActions[static_cast<std::size_t>(action)]; }

Result<GuardAction> parse_guard(std::string_view text) {
  const auto found = std::ranges::find(kActions, text);
  if (found == kActions.end())
    return fail(ErrorCode::kInvalidArgument, "'{}' is nothing a guard does; one of off, mask, local, block", text);
  return static_cast<GuardAction>(found - kActions.begin());
}

Result<Guarded> Guarded::look(const Guard& guard, const GenerateRequest& request) {
  Guarded guarded;
  std::vector<std::string_view> texts;
  for_each_text(request, [&](const std::string& text) { texts.push_back(text); });
  ZUBR_TRY(masks, judge(guard, texts, guarded.must_stay_));
  if (!masks) return guarded;
  guarded.mask_ = std::make_shared<Mask>(texts);
  guarded.outgoing_ = request;
  for_each_text(*guarded.outgoing_, [&](std::string& text) { text = guarded.mask_->hide(text, guard.kinds); });
  return guarded;
}

Result<Guarded> Guarded::look(const Guard& guard, const inference::EmbedRequest& request) {
  Guarded guarded;
  const std::vector<std::string_view> texts(request.texts.begin(), request.texts.end());
  ZUBR_TRY(masks, judge(guard, texts, guarded.must_stay_));
  if (!masks) return guarded;
  guarded.mask_ = std::make_shared<Mask>(texts);
  guarded.outgoing_texts_ = request;
  for (std::string& text : guarded.outgoing_texts_->texts) text = guarded.mask_->hide(text, guard.kinds);
  return guarded;
}

Guarded::Restorer::Restorer(const Guarded& guarded, const inference::EventSink& sink)
    : mask_(guarded.mask_.get()), sink_(sink) {
  if (mask_ == nullptr) return;
  text_.emplace(*mask_);
  thought_.emplace(*mask_);
}

void Guarded::Restorer::operator()(const inference::Event& event) {
  if (!sink_) return;
  if (mask_ == nullptr) return sink_(event);
  if (const auto* text = std::get_if<inference::TextDelta>(&event)) {
    std::string restored = text_->feed(text->text);
    if (!restored.empty() || !text->logprobs.empty()) sink_(inference::TextDelta{std::move(restored), text->logprobs});
  } else if (const auto* thought = std::get_if<inference::ThoughtDelta>(&event)) {
    std::string restored = thought_->feed(thought->text);
    if (!restored.empty()) sink_(inference::ThoughtDelta{std::move(restored)});
  } else if (const auto* call = std::get_if<inference::ToolCallDelta>(&event)) {
    inference::ToolCallDelta restored = *call;
    restored.arguments = calls_.try_emplace(call->index, *mask_, true).first->second.feed(call->arguments);
    sink_(restored);
  } else {
    sink_(event);
  }
}

void Guarded::Restorer::flush() {
  if (!sink_ || mask_ == nullptr) return;
  if (std::string left = thought_->finish(); !left.empty()) sink_(inference::ThoughtDelta{std::move(left)});
  if (std::string left = text_->finish(); !left.empty()) sink_(inference::TextDelta{std::move(left), {}});
  for (auto& [index, unmasker] : calls_)
    if (std::string left = unmasker.finish(); !left.empty())
      sink_(inference::ToolCallDelta{index, {}, {}, std::move(left)});
}

void Guarded::restore(inference::Generation& generation) const {
  if (!mask_) return;
  generation.text = mask_->restore(generation.text);
  generation.thoughts = mask_->restore(generation.thoughts);
  for (inference::ToolCall& call : generation.tool_calls) call.arguments = mask_->restore(call.arguments, true);
}

}  // namespace zubr::router
