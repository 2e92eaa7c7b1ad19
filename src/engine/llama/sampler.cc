#include "engine/llama/sampler.h"

#include <sampling.h>

#include <algorithm>
#include <cmath>
#include <exception>

#include "engine/llama/log_capture.h"

namespace zubr::engine {
namespace {

constexpr int kMaxPenaltyWindow = 64;

Result<void> check(const inference::SamplingOptions& options) {
  const auto outside = [](const char* name, double value, const char* range) {
    return fail(ErrorCode::kInvalidArgument, "{} is {}, it has to be {}", name, value, range);
  };
  const auto within = [](double value, double low, double high) { return value >= low && value <= high; };
  if (!within(options.temperature, 0, 100)) return outside("temperature", options.temperature, "from 0 to 100");
  if (options.top_k < 0) return outside("top_k", options.top_k, "0 (off) or more");
  if (!within(options.top_p, 0, 1)) return outside("top_p", options.top_p, "from 0 to 1");
  if (!within(options.typical_p, 0, 1)) return outside("typical_p", options.typical_p, "from 0 to 1");
  if (!within(options.min_p, 0, 1)) return outside("min_p", options.min_p, "from 0 to 1");
  if (!within(options.repeat_penalty, 0.01, 100))
    return outside("repeat_penalty", options.repeat_penalty, "from 0.01 to 100");
  if (!within(options.presence_penalty, -100, 100))
    return outside("presence_penalty", options.presence_penalty, "from -100 to 100");
  if (!within(options.frequency_penalty, -100, 100))
    return outside("frequency_penalty", options.frequency_penalty, "from -100 to 100");
  if (options.penalty_window < 0 || options.penalty_window > kMaxPenaltyWindow)
    return outside("penalty_window", options.penalty_window, "from 0 to 64");
  return {};
}

Result<void> check_bias(const inference::SamplingOptions& options, const Model& model) {
  for (const auto& [token, bias] : options.logit_bias) {
    if (token < 0 || token >= model.tokenizer().size())
      return fail(ErrorCode::kInvalidArgument, "the bias names {}, which is no token of '{}'; its tokens are 0 to {}",
                  token, model.name(), model.tokenizer().size() - 1);
    if (std::isnan(bias)) return fail(ErrorCode::kInvalidArgument, "the bias of token {} is not a number", token);
  }
  return {};
}

void add_grammar(common_params_sampling& params, const GrammarSpec& grammar) {
  using Kind = GrammarSpec::Trigger::Kind;
  // Only grammars of this type begin with the end of the prompt.
  const auto type = grammar.prompt_end.empty() ? COMMON_GRAMMAR_TYPE_USER : COMMON_GRAMMAR_TYPE_TOOL_CALLS;
  params.grammar = {type, grammar.text};
  params.grammar_lazy = grammar.lazy;
  params.generation_prompt = grammar.prompt_end;
  params.preserved_tokens.insert(grammar.shown.begin(), grammar.shown.end());
  for (const GrammarSpec::Trigger& trigger : grammar.triggers) {
    const auto kind = trigger.kind == Kind::kToken     ? COMMON_GRAMMAR_TRIGGER_TYPE_TOKEN
                      : trigger.kind == Kind::kWord    ? COMMON_GRAMMAR_TRIGGER_TYPE_WORD
                      : trigger.kind == Kind::kPattern ? COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN
                                                       : COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN_FULL;
    params.grammar_triggers.push_back({kind, trigger.text, trigger.token});
  }
}

common_params_sampling parameters(const inference::SamplingOptions& options, const GrammarSpec& grammar) {
  common_params_sampling params;
  params.no_perf = true;
  params.temp = static_cast<float>(options.temperature);
  params.top_k = options.top_k;
  params.top_p = static_cast<float>(options.top_p);
  params.typ_p = static_cast<float>(options.typical_p);
  params.min_p = static_cast<float>(options.min_p);
  params.penalty_repeat = static_cast<float>(options.repeat_penalty);
  params.penalty_present = static_cast<float>(options.presence_penalty);
  params.penalty_freq = static_cast<float>(options.frequency_penalty);
  params.penalty_last_n = options.penalty_window;
  for (const auto& [token, bias] : options.logit_bias) params.logit_bias.push_back({token, bias});
  // llama.cpp takes its largest value to mean "a fresh one".
  if (options.seed) params.seed = std::min<std::uint32_t>(*options.seed, LLAMA_DEFAULT_SEED - 1);
  if (!grammar.text.empty()) add_grammar(params, grammar);
  params.samplers = {COMMON_SAMPLER_TYPE_PENALTIES, COMMON_SAMPLER_TYPE_TOP_K, COMMON_SAMPLER_TYPE_TYPICAL_P,
                     COMMON_SAMPLER_TYPE_TOP_P,     COMMON_SAMPLER_TYPE_MIN_P, COMMON_SAMPLER_TYPE_TEMPERATURE};
  if (options.temperature <= 0) {
    params.top_k = 1;
    params.samplers = {COMMON_SAMPLER_TYPE_PENALTIES, COMMON_SAMPLER_TYPE_TOP_K};
  }
  return params;
}

}  // namespace

struct Sampler::Handle {
  common_sampler_ptr sampler;
};

Sampler::Sampler() = default;
Sampler::~Sampler() = default;

Result<std::unique_ptr<Sampler>> Sampler::create(std::shared_ptr<const Model> model,
                                                 const inference::SamplingOptions& options,
                                                 const GrammarSpec& grammar) {
  ZUBR_CHECK(check(options));
  ZUBR_CHECK(check_bias(options, *model));
  common_params_sampling params = parameters(options, grammar);
  LogCapture log;
  try {
    std::unique_ptr<Sampler> sampler(new Sampler);
    sampler->handle_ = std::make_unique<Handle>();
    sampler->handle_->sampler.reset(common_sampler_init(model->handle(), params));
    sampler->model_ = std::move(model);
    return sampler;
  } catch (const std::exception& wrong) {
    return fail(ErrorCode::kInvalidArgument, "the request cannot be sampled: {} {}", wrong.what(), log.complaint());
  }
}

void Sampler::accept_prompt(std::span<const Token> prompt) {
  for (const Token token : prompt) common_sampler_accept(handle_->sampler.get(), token, /*is_generated=*/false);
}

Result<Token> Sampler::sample(llama_context* context, int index) {
  try {
    const Token token = common_sampler_sample(handle_->sampler.get(), context, index);
    common_sampler_accept(handle_->sampler.get(), token, /*is_generated=*/true);
    return token;
  } catch (const std::exception& wrong) {
    return fail(ErrorCode::kInternal, "the model has no token for what the JSON schema asks for: {}", wrong.what());
  }
}

}  // namespace zubr::engine
