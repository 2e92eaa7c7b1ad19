// POST /completion: llama-server's own form of a completion.
#include <fmt/format.h>

#include "server/endpoints/endpoints.h"
#include "server/endpoints/reply_stream.h"
#include "server/json_text.h"
#include "server/lent_model.h"
#include "server/llama_server/completion_fields.h"

namespace zubr::server::endpoints {
namespace {

using inference::Generation;
using llama_server::CompletionRequest;

// A text alone goes to the model as it is; with tokens beside it, everything is tokens.
Result<inference::GenerateRequest> with_prompt(const LentModel& model, const CompletionRequest& request,
                                               std::size_t index) {
  inference::GenerateRequest generate = request.generate;
  const auto& parts = request.prompts[index];
  if (parts.size() == 1 && std::holds_alternative<std::string>(parts.front())) {
    generate.raw_prompt = std::get<std::string>(parts.front());
    return generate;
  }
  std::vector<std::int32_t> tokens;
  for (const auto& part : parts) {
    if (const auto* token = std::get_if<std::int32_t>(&part)) {
      tokens.push_back(*token);
      continue;
    }
    ZUBR_TRY(more, model.backend->tokenize({.text = std::get<std::string>(part), .add_special = tokens.empty()}));
    tokens.insert(tokens.end(), more.begin(), more.end());
  }
  generate.prompt_tokens = std::move(tokens);
  return generate;
}

std::string_view stop_type(const Generation& generation) {
  if (generation.finish == inference::FinishReason::kLength) return "limit";
  return generation.stop.empty() ? "eos" : "word";
}

std::string timing(std::string_view name, std::int64_t count, std::chrono::nanoseconds time) {
  const double ms = std::chrono::duration<double, std::milli>(time).count();
  return fmt::format(R"("{0}_n":{1},"{0}_ms":{2:.3f},"{0}_per_token_ms":{3:.3f},"{0}_per_second":{4:.3f})", name, count,
                     ms, count > 0 ? ms / static_cast<double>(count) : 0.0,
                     ms > 0 ? static_cast<double>(count) * 1000 / ms : 0.0);
}

std::string probability(const inference::TokenProbability& token) {
  std::vector<int> bytes;
  for (const char byte : token.bytes) bytes.push_back(static_cast<unsigned char>(byte));
  return fmt::format(R"("id":{},"token":{},"bytes":[{}],"logprob":{})", token.token, json_text(token.bytes),
                     fmt::join(bytes, ","), token.log_prob);
}

std::string probabilities(const std::vector<inference::TokenLogprobs>& logprobs) {
  if (logprobs.empty()) return "";
  std::string list;
  for (const auto& token : logprobs) {
    std::string top;
    for (const auto& one : token.top) top += fmt::format("{}{{{}}}", top.empty() ? "" : ",", probability(one));
    list += fmt::format(R"({}{{{},"top_logprobs":[{}]}})", list.empty() ? "" : ",", probability(token), top);
  }
  return fmt::format(R"(,"completion_probabilities":[{}])", list);
}

std::string whole_json(const LentModel& model, const CompletionRequest& request, std::size_t index,
                       const Generation& generation) {
  const auto& usage = generation.usage;
  const auto& sampling = request.generate.sampling;
  std::vector<std::int32_t> tokens;
  if (request.return_tokens)
    tokens = model.backend->tokenize({.text = generation.text, .parse_special = false}).value_or(tokens);
  return fmt::format(
      R"({{"index":{},"content":{},"tokens":[{}],"id_slot":-1,"stop":true,"model":{},"tokens_predicted":{},)"
      R"("tokens_evaluated":{},"tokens_cached":{},"generation_settings":{{"n_predict":{},"temperature":{},"top_k":{},)"
      R"("top_p":{},"min_p":{},"n_ctx":{}}},"truncated":false,"stop_type":"{}","stopping_word":{},"timings":{{)"
      R"("cache_n":{},{},{}}}{}}})",
      index, json_text(request.stream ? "" : generation.text), fmt::join(tokens, ","), json_text(model.info.name),
      usage.completion_tokens, usage.prompt_tokens, usage.cached_prompt_tokens, request.generate.max_tokens,
      sampling.temperature, sampling.top_k, sampling.top_p, sampling.min_p, model.info.context_tokens,
      stop_type(generation), json_text(generation.stop), usage.cached_prompt_tokens,
      timing("prompt", usage.prompt_tokens - usage.cached_prompt_tokens, generation.prompt_time),
      timing("predicted", usage.completion_tokens, generation.completion_time),
      request.stream ? "" : probabilities(generation.logprobs));
}

}  // namespace

void llama_completion(const Site& site, const Request& request, Exchange& exchange) {
  ReplyStream stream(exchange, ReplyStream::kEvents);
  auto wanted = llama_server::parse_completion(request.body, site.limits);
  if (!wanted) return stream.fail(wanted.error());
  wanted->generate.client = request.client;
  const auto lent = lend(site, {.name = wanted->generate.model}, exchange.stop_token());
  if (!lent) return stream.fail(lent.error());
  const LentModel& model = *lent;
  std::string answers;
  for (std::size_t index = 0; index < wanted->prompts.size(); ++index) {
    const auto generate = with_prompt(model, *wanted, index);
    if (!generate) return stream.fail(request_error(generate.error(), "prompt"));
    const auto on_event = [&](const inference::Event& event) {
      const auto* delta = std::get_if<inference::TextDelta>(&event);
      if (!wanted->stream || !delta) return;
      stream.write(fmt::format("data: {{\"index\":0,\"content\":{},\"tokens\":[],\"stop\":false,\"id_slot\":-1{}}}\n\n",
                               json_text(delta->text), probabilities(delta->logprobs)));
    };
    const auto generation = model.backend->generate(*generate, on_event, exchange.stop_token());
    if (!generation) return stream.fail(request_error(generation.error(), "prompt"));
    if (stream.stopped()) return stream.fail_stopped();
    answers += (index == 0 ? "" : ",") + whole_json(model, *wanted, index, *generation);
  }
  if (wanted->stream) {
    stream.write("data: " + answers + "\n\n");
    return stream.end();
  }
  Response response;
  response.body = wanted->many ? '[' + answers + ']' : answers;
  exchange.send(std::move(response));
}

}  // namespace zubr::server::endpoints
