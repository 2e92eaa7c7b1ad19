#include "models/modelfile/preset.h"

#include <algorithm>

#include "models/modelfile/go_template.h"
#include "models/modelfile/model_parameters.h"

namespace zubr::models {

Result<OpeningWishes> opening_wishes(const Modelfile& recipe) {
  ZUBR_TRY(parameters, read_parameters(recipe.parameters));
  OpeningWishes wishes;
  wishes.context_tokens = static_cast<int>(parameters.num_ctx.value_or(0));
  wishes.adapters.assign(recipe.adapters.begin(), recipe.adapters.end());
  if (looks_like_go_template(recipe.chat_template)) {
    if (auto jinja = jinja_of_go_template(recipe.chat_template)) wishes.chat_template = std::move(*jinja);
  } else {
    wishes.chat_template = recipe.chat_template;
  }
  return wishes;
}

Result<inference::Preset> preset_of(const Modelfile& recipe) {
  ZUBR_TRY(parameters, read_parameters(recipe.parameters));
  inference::Preset preset;
  preset.system = recipe.system;
  for (const ModelfileMessage& message : recipe.messages) {
    using inference::Role;
    const Role role = message.role == "system" ? Role::kSystem
                      : message.role == "user" ? Role::kUser
                                               : Role::kAssistant;
    preset.messages.push_back({role, message.content});
  }
  inference::SamplingOptions& sampling = preset.sampling;
  sampling.temperature = parameters.temperature.value_or(sampling.temperature);
  sampling.top_k = std::max(0, static_cast<int>(parameters.top_k.value_or(sampling.top_k)));
  sampling.top_p = parameters.top_p.value_or(sampling.top_p);
  sampling.min_p = parameters.min_p.value_or(sampling.min_p);
  sampling.typical_p = parameters.typical_p.value_or(sampling.typical_p);
  sampling.repeat_penalty = parameters.repeat_penalty.value_or(sampling.repeat_penalty);
  sampling.presence_penalty = parameters.presence_penalty.value_or(sampling.presence_penalty);
  sampling.frequency_penalty = parameters.frequency_penalty.value_or(sampling.frequency_penalty);
  const std::int64_t window = parameters.repeat_last_n.value_or(sampling.penalty_window);
  sampling.penalty_window = window < 0 || window > 64 ? 64 : static_cast<int>(window);
  if (parameters.seed.value_or(-1) >= 0) sampling.seed = static_cast<std::uint32_t>(*parameters.seed);
  preset.max_tokens = static_cast<int>(std::max<std::int64_t>(-1, parameters.num_predict.value_or(-1)));
  preset.stop = parameters.stop;
  return preset;
}

}  // namespace zubr::models
