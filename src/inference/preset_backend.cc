#include "inference/preset_backend.h"

#include <algorithm>

namespace zubr::inference {
namespace {

void add_messages(const Preset& preset, std::vector<Message>& messages) {
  const bool own_system = !messages.empty() && messages.front().role == Role::kSystem;
  std::vector<Message> all;
  if (own_system) all.push_back(std::move(messages.front()));
  if (!own_system && !preset.system.empty()) all.push_back({Role::kSystem, preset.system});
  all.insert(all.end(), preset.messages.begin(), preset.messages.end());
  all.insert(all.end(), std::make_move_iterator(messages.begin() + (own_system ? 1 : 0)),
             std::make_move_iterator(messages.end()));
  messages = std::move(all);
}

}  // namespace

GenerateRequest with_preset(const Preset& preset, GenerateRequest request) {
  if (!request.raw_prompt && !request.prompt_tokens) add_messages(preset, request.messages);
  const SamplingOptions plain;
  const auto fill = [&](auto SamplingOptions::*field) {
    if (request.sampling.*field == plain.*field) request.sampling.*field = preset.sampling.*field;
  };
  fill(&SamplingOptions::temperature);
  fill(&SamplingOptions::top_k);
  fill(&SamplingOptions::top_p);
  fill(&SamplingOptions::min_p);
  fill(&SamplingOptions::typical_p);
  fill(&SamplingOptions::repeat_penalty);
  fill(&SamplingOptions::presence_penalty);
  fill(&SamplingOptions::frequency_penalty);
  fill(&SamplingOptions::penalty_window);
  fill(&SamplingOptions::seed);
  for (const std::string& text : preset.stop)
    if (std::ranges::find(request.stop, text) == request.stop.end()) request.stop.push_back(text);
  if (request.max_tokens < 0) request.max_tokens = preset.max_tokens;
  return request;
}

}  // namespace zubr::inference
