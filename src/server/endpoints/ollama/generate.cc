// POST /api/generate: an answer to one prompt.
#include <fmt/format.h>

#include "server/endpoints/endpoints.h"
#include "server/json_text.h"
#include "server/lent_model.h"
#include "server/ollama/ollama_request.h"
#include "server/ollama/ollama_response.h"

namespace zubr::server::endpoints {
namespace {

using Clock = std::chrono::steady_clock;
using inference::Generation;

class GenerateReply {
 public:
  GenerateReply(const LentModel& lent, std::string_view model)
      : lent_(lent), model_(model.empty() ? lent.info.name : model) {}

  std::string head() const {
    return fmt::format(R"({{"model":{},"created_at":"{}",)", json_text(model_),
                       ollama::date_text(std::chrono::system_clock::now()));
  }
  std::string piece(std::string_view text, std::string_view thinking,
                    const std::vector<inference::TokenLogprobs>& logprobs) const {
    return fmt::format(R"({}"response":{}{},"done":false{}}})", head(), json_text(text), thinking_field(thinking),
                       ollama::logprobs_field(logprobs));
  }
  // `whole`: with the text, for who wants no stream.
  std::string last(const Generation& generation, bool whole, const std::vector<std::int32_t>& context) const {
    const std::string tokens = context.empty() ? "" : fmt::format(R"(,"context":[{}])", fmt::join(context, ","));
    return fmt::format(R"({}"response":{}{},"done":true,{}{}{}}})", head(), whole ? json_text(generation.text) : "\"\"",
                       whole ? thinking_field(generation.thoughts) : "",
                       ollama::metrics_fields(generation, Clock::now() - started_, lent_.load_time), tokens,
                       whole ? ollama::logprobs_field(generation.logprobs) : "");
  }
  std::string loaded(bool unloads) const {
    return fmt::format(R"({}"response":"","done":true,"done_reason":"{}"}})", head(), unloads ? "unload" : "load");
  }

 private:
  static std::string thinking_field(std::string_view thinking) {
    return thinking.empty() ? "" : fmt::format(R"(,"thinking":{})", json_text(thinking));
  }

  const LentModel& lent_;
  const std::string model_;
  const Clock::time_point started_ = Clock::now();
};

// The prompt in the form that the model and the request want; as tokens when a conversation goes on by `context`.
Result<inference::GenerateRequest> with_prompt(const LentModel& model, const ollama::GenerateRequest& wanted) {
  inference::GenerateRequest generate = wanted.generate;
  if (wanted.raw || generate.suffix || !model.info.has_chat_template) {
    const bool join = !wanted.raw && !wanted.system.empty();
    generate.raw_prompt = join ? wanted.system + "\n\n" + wanted.prompt : wanted.prompt;
  } else {
    if (!wanted.system.empty()) generate.messages.push_back({inference::Role::kSystem, wanted.system});
    generate.messages.push_back({inference::Role::kUser, wanted.prompt});
    generate.messages.back().media = wanted.media;
  }
  if (wanted.context.empty()) return generate;
  ZUBR_TRY(prompt, model.backend->render(generate));
  generate.messages.clear();
  generate.raw_prompt.reset();
  generate.prompt_tokens = wanted.context;
  generate.prompt_tokens->insert(generate.prompt_tokens->end(), prompt.tokens.begin(), prompt.tokens.end());
  return generate;
}

// The tokens of prompt and answer, for a request that goes on from here. None where the backend does not show them.
std::vector<std::int32_t> context_after(const LentModel& model, const inference::GenerateRequest& request,
                                        const Generation& generation) {
  const auto prompt = model.backend->render(request);
  const auto answer = model.backend->tokenize({.text = generation.text, .parse_special = false});
  if (!prompt || !answer) return {};
  std::vector<std::int32_t> tokens = prompt->tokens;
  tokens.insert(tokens.end(), answer->begin(), answer->end());
  return tokens;
}

}  // namespace

void ollama_generate(const Site& site, const Request& request, Exchange& exchange) {
  ReplyStream stream(exchange, ollama::kLines);
  auto wanted = ollama::parse_generate(request.body, site.limits);
  if (!wanted) return stream.fail(wanted.error());
  wanted->generate.client = request.client;
  const auto lent = lend(site, wanted->wish(), exchange.stop_token());
  if (!lent) return stream.fail(lent.error());
  if (const auto error = check_thinking(*lent, wanted->thinking_wanted)) return stream.fail(*error);
  const GenerateReply reply(*lent, wanted->generate.model);
  const auto send = [&](std::string body) {
    Response response;
    response.body = std::move(body);
    exchange.send(std::move(response));
  };
  const bool nothing_asked = wanted->prompt.empty() && !wanted->generate.suffix && wanted->media.empty();
  if (nothing_asked) return send(reply.loaded(wanted->unloads()));
  if (!wanted->media.empty() && !lent->info.has_chat_template)
    return stream.fail(bad_field("images", "a model without a chat template has no place for pictures", "unsupported"));
  const auto generate = with_prompt(*lent, *wanted);
  if (!generate) return stream.fail(request_error(generate.error(), "prompt"));

  const auto on_event = [&](const inference::Event& event) {
    if (!wanted->stream) return;
    if (const auto* text = std::get_if<inference::TextDelta>(&event))
      stream.write(reply.piece(text->text, "", text->logprobs) + "\n");
    else if (const auto* thought = std::get_if<inference::ThoughtDelta>(&event))
      stream.write(reply.piece("", thought->text, {}) + "\n");
  };
  const auto generation = lent->backend->generate(*generate, on_event, exchange.stop_token());
  if (!generation) return stream.fail(request_error(generation.error(), "prompt"));
  if (stream.stopped()) return stream.fail_stopped();
  const auto context = wanted->raw ? std::vector<std::int32_t>{} : context_after(*lent, *generate, *generation);
  if (!wanted->stream) return send(reply.last(*generation, true, context));
  stream.write(reply.last(*generation, false, context) + "\n");
  stream.end();
}

}  // namespace zubr::server::endpoints
