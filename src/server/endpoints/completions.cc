// POST /v1/completions: how a text goes on, or (with `suffix`) what stands in its middle.
#include <chrono>

#include "server/endpoints/endpoints.h"
#include "server/endpoints/reply_stream.h"
#include "server/lent_model.h"
#include "server/openai/completion_request.h"
#include "server/openai/completion_response.h"
#include "server/openai/usage_json.h"

namespace zubr::server::endpoints {
namespace {

using inference::Generation;
using openai::CompletionAnswer;
using openai::CompletionRequest;

// The request of choice `index`, and what is echoed before its answer.
struct Choice {
  inference::GenerateRequest generate;
  std::string echo;
};

Result<Choice> choice_of(const LentModel& model, const CompletionRequest& request, int index) {
  const auto& prompt = request.prompts[static_cast<std::size_t>(index / request.choices)];
  Choice choice{.generate = request.generate, .echo = {}};
  if (prompt.text)
    choice.generate.raw_prompt = prompt.text;
  else
    choice.generate.prompt_tokens = prompt.tokens;
  if (choice.generate.sampling.seed)
    *choice.generate.sampling.seed += static_cast<std::uint32_t>(index % request.choices);
  if (!request.echo) return choice;
  if (prompt.text) {
    choice.echo = *prompt.text;
  } else {
    ZUBR_TRY(text, model.backend->detokenize(prompt.tokens));
    choice.echo = std::move(text);
  }
  return choice;
}

int choice_count(const CompletionRequest& request) {
  return request.choices * static_cast<int>(request.prompts.size());
}

void answer_whole(const LentModel& model, const CompletionRequest& request, const CompletionAnswer& answer,
                  Exchange& exchange) {
  std::string choices;
  inference::Usage usage;
  for (int index = 0; index < choice_count(request); ++index) {
    const auto choice = choice_of(model, request, index);
    if (!choice) return exchange.send(error_response(request_error(choice.error(), "prompt")));
    const auto generation = model.backend->generate(
        choice->generate, [](const inference::Event&) {}, exchange.stop_token());
    if (!generation) return exchange.send(error_response(request_error(generation.error(), "prompt")));
    openai::add_usage(usage, generation->usage, index % request.choices > 0);
    if (index > 0) choices += ',';
    choices += openai::completion_choice(index, choice->echo + generation->text, generation->logprobs,
                                         choice->echo.size(), openai::finish_name(*generation));
  }
  Response response;
  response.body = openai::completion_body(answer, choices, openai::usage_json(usage));
  exchange.send(std::move(response));
}

void answer_stream(const LentModel& model, const CompletionRequest& request, const CompletionAnswer& answer,
                   Exchange& exchange) {
  ReplyStream stream(exchange, ReplyStream::kEvents);
  const std::string_view no_usage = request.include_usage ? "null" : "";
  const auto event = [&](std::string_view choices, std::string_view usage) {
    stream.write("data: " + openai::completion_body(answer, choices, usage) + "\n\n");
  };
  inference::Usage usage;
  for (int index = 0; index < choice_count(request); ++index) {
    const auto choice = choice_of(model, request, index);
    if (!choice) return stream.fail(request_error(choice.error(), "prompt"));
    std::size_t offset = 0;
    const auto say = [&](std::string_view text, const std::vector<inference::TokenLogprobs>& logprobs) {
      event(openai::completion_choice(index, text, logprobs, offset, ""), no_usage);
      offset += text.size();
    };
    bool echoed = choice->echo.empty();
    const auto on_event = [&](const inference::Event& happened) {
      const auto* delta = std::get_if<inference::TextDelta>(&happened);
      if (!delta) return;
      if (!std::exchange(echoed, true)) say(choice->echo, {});
      say(delta->text, delta->logprobs);
    };
    const auto generation = model.backend->generate(choice->generate, on_event, exchange.stop_token());
    if (!generation) return stream.fail(request_error(generation.error(), "prompt"));
    if (stream.stopped()) return stream.fail_stopped();
    if (!echoed) say(choice->echo, {});
    openai::add_usage(usage, generation->usage, index % request.choices > 0);
    event(openai::completion_choice(index, "", {}, offset, openai::finish_name(*generation)), no_usage);
  }
  if (request.include_usage) event("", openai::usage_json(usage));
  stream.end(openai::kDone);
}

}  // namespace

void completions(const Site& site, const Request& request, Exchange& exchange) {
  auto wanted = openai::parse_completion_request(request.body, site.limits);
  if (!wanted) return exchange.send(error_response(wanted.error()));
  wanted->generate.client = request.client;
  const auto lent = lend(site, {.name = wanted->generate.model}, exchange.stop_token());
  if (!lent) return exchange.send(error_response(lent.error()));
  if (wanted->generate.suffix && !lent->info.can_infill)
    return exchange.send(error_response(bad_field(
        "suffix",
        "the vocabulary of '" + lent->info.name + "' has no tokens for filling in the middle; leave out 'suffix'",
        "unsupported")));
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const CompletionAnswer answer{.id = "cmpl-" + request.id,
                                .created = std::chrono::duration_cast<std::chrono::seconds>(now).count(),
                                .model = lent->info.name};
  if (wanted->stream)
    answer_stream(*lent, *wanted, answer, exchange);
  else
    answer_whole(*lent, *wanted, answer, exchange);
}

}  // namespace zubr::server::endpoints
