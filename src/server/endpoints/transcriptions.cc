// POST /v1/audio/transcriptions (platform.openai.com/docs/api-reference/audio/createTranscription): what is said in a
// sound, by a language model that hears. 501 where the model does not.
#include <fmt/format.h>

#include <charconv>
#include <chrono>

#include "core/utf8.h"
#include "server/endpoints/endpoints.h"
#include "server/endpoints/reply_stream.h"
#include "server/files/multipart.h"
#include "server/json_text.h"
#include "server/lent_model.h"

namespace zubr::server::endpoints {
namespace {

constexpr std::size_t kLongestText = 4'096;  // of a field

struct Wanted {
  std::string model, language, prompt, format = "json";
  std::string_view file;
  double temperature = 0;
  bool stream = false;
};

ApiResult<Wanted> read_form(const Request& request) {
  const auto parts = parse_multipart(request.content_type, request.body);
  if (!parts) return tl::unexpected(bad_field("", parts.error().message()));
  Wanted wanted;
  for (const FormPart& part : *parts) {
    if (part.name == "file") {
      wanted.file = part.content;
      continue;
    }
    const std::string text(part.content);
    if (text.size() > kLongestText || !core::utf8_valid(text))
      return tl::unexpected(
          bad_field(part.name, fmt::format("'{}' must be UTF-8 of at most {} bytes", part.name, kLongestText)));
    if (part.name == "model") wanted.model = text;
    if (part.name == "language") wanted.language = text;
    if (part.name == "prompt") wanted.prompt = text;
    if (part.name == "response_format") wanted.format = text;
    if (part.name == "stream") wanted.stream = text == "true";
    if (part.name != "temperature") continue;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), wanted.temperature);
    if (problem != std::errc{} || end != text.data() + text.size() ||
        !(wanted.temperature >= 0 && wanted.temperature <= 1))
      return tl::unexpected(bad_field("temperature", "'temperature' must be a number from 0 to 1"));
  }
  if (wanted.file.empty()) return tl::unexpected(bad_field("file", "the form has no part named 'file'", "missing"));
  if (wanted.format != "json" && wanted.format != "text")
    return tl::unexpected(bad_field("response_format",
                                    fmt::format("'response_format' must be json or text, it is '{}': a language model "
                                                "knows no times",
                                                wanted.format),
                                    "unsupported"));
  return wanted;
}

inference::GenerateRequest question(const Wanted& wanted, const Request& request) {
  inference::GenerateRequest generate;
  std::string text = "Transcribe the speech word for word. Answer with the transcript only.";
  if (!wanted.language.empty()) text += fmt::format(" The language is {}.", wanted.language);
  if (!wanted.prompt.empty()) text += "\n" + wanted.prompt;
  inference::Message message{inference::Role::kUser, std::move(text)};
  message.media.push_back({.bytes = std::string(wanted.file), .at = 0});
  generate.messages.push_back(std::move(message));
  generate.sampling.temperature = wanted.temperature;
  generate.client = request.client;
  return generate;
}

std::string usage_json(const inference::Usage& usage) {
  return fmt::format(R"({{"type":"tokens","input_tokens":{},"output_tokens":{},"total_tokens":{}}})",
                     usage.prompt_tokens, usage.completion_tokens, usage.prompt_tokens + usage.completion_tokens);
}

}  // namespace

void transcriptions(const Site& site, const Request& request, Exchange& exchange) {
  const auto wanted = read_form(request);
  if (!wanted) return exchange.send(error_response(wanted.error()));
  const auto model = lend(site, {.name = wanted->model}, exchange.stop_token());
  if (!model) return exchange.send(error_response(model.error()));
  if (!model->info.can_hear) {
    ApiError error;
    error.status = 501;
    error.message = fmt::format("'{}' does not hear: take a model with a projector for sounds", model->info.name);
    error.type = "server_error";
    error.code = "not_implemented";
    return exchange.send(error_response(error));
  }
  ReplyStream stream(exchange, ReplyStream::kEvents);
  const auto on_event = [&](const inference::Event& event) {
    const auto* delta = std::get_if<inference::TextDelta>(&event);
    if (wanted->stream && delta)
      stream.write(
          fmt::format("data: {{\"type\":\"transcript.text.delta\",\"delta\":{}}}\n\n", json_text(delta->text)));
  };
  const auto generation = model->backend->generate(question(*wanted, request), on_event, exchange.stop_token());
  if (!generation) return stream.fail(request_error(generation.error(), "file"));
  const std::string usage = usage_json(generation->usage);
  if (wanted->stream) {
    if (stream.stopped()) return stream.fail_stopped();
    return stream.end(fmt::format("data: {{\"type\":\"transcript.text.done\",\"text\":{},\"usage\":{}}}\n\n",
                                  json_text(generation->text), usage));
  }
  Response response;
  if (wanted->format == "text") {
    response.content_type = "text/plain; charset=utf-8";
    response.body = generation->text + "\n";
  } else {
    response.body = fmt::format(R"({{"text":{},"usage":{}}})", json_text(generation->text), usage);
  }
  exchange.send(std::move(response));
}

}  // namespace zubr::server::endpoints
