// /v1/responses: answers that the server keeps, so that a client can go on from one without sending all of it again.
#include <fmt/format.h>

#include <chrono>

#include "server/endpoints/endpoints.h"
#include "server/endpoints/reply_stream.h"
#include "server/lent_model.h"
#include "server/openai/response_items.h"
#include "server/openai/response_object.h"
#include "server/openai/response_request.h"
#include "server/random_name.h"
#include "server/responses/response_store.h"

namespace zubr::server::endpoints {
namespace {

namespace json = boost::json;
using inference::Generation;
using openai::ResponseRequest;
using openai::ResponseWriter;

constexpr std::size_t kLongestChain = 1'000;

ApiError store_error(const Error& error, std::string param, std::string code) {
  ApiError answer = api_error(error);
  if (error.code() != ErrorCode::kNotFound) return answer;
  answer.param = std::move(param);
  answer.code = std::move(code);
  return answer;
}

// What was said before, oldest first, and then what is asked now.
std::optional<ApiError> conversation(const Site& site, const ResponseRequest& request, std::string_view owner,
                                     std::vector<inference::Message>& messages) {
  std::vector<StoredResponse> chain;
  for (std::string id = request.previous_id; !id.empty(); id = chain.back().previous_id) {
    auto stored = site.responses.find(id, owner);
    if (!stored) {
      ApiError error = store_error(stored.error(), "previous_response_id", "previous_response_not_found");
      if (error.status == 404) error.status = 400;
      return error;
    }
    if (chain.size() == kLongestChain)
      return bad_field("previous_response_id",
                       fmt::format("there are more than {} responses before this one", kLongestChain));
    chain.push_back(*std::move(stored));
  }
  if (!request.instructions.empty())
    messages.push_back({.role = inference::Role::kSystem, .content = request.instructions});
  std::optional<ApiError> error;
  for (auto one = chain.rbegin(); one != chain.rend(); ++one) {
    boost::system::error_code broken;
    const json::value input = json::parse(one->input, broken);
    const json::value body = broken ? json::value() : json::parse(one->body, broken);
    if (broken) return api_error({ErrorCode::kCorrupt, fmt::format("the stored response '{}' is damaged", one->id)});
    openai::append_items(input.as_array(), "input of " + one->id, messages, error);
    openai::append_items(body.as_object().at("output").as_array(), "output of " + one->id, messages, error);
  }
  openai::append_items(request.input, "input", messages, error);
  return error;
}

// Kept before the client hears that it is done, so that it can refer to it at once.
Result<void> keep(const Site& site, const ResponseRequest& request, const Request& http, const ResponseWriter& writer) {
  if (!request.store) return {};
  return site.responses.put({.id = writer.id(),
                             .owner = http.key_id,
                             .previous_id = request.previous_id,
                             .body = json::serialize(writer.object()),
                             .input = json::serialize(request.input),
                             .created = writer.object().at("created_at").as_int64()});
}

void answer_whole(const Site& site, const LentModel& model, const ResponseRequest& request, const Request& http,
                  ResponseWriter& writer, Exchange& exchange) {
  const auto generation = model.backend->generate(
      request.generate, [](const inference::Event&) {}, exchange.stop_token());
  if (!generation) return exchange.send(error_response(request_error(generation.error(), "input")));
  writer.set(*generation);
  if (const auto kept = keep(site, request, http, writer); !kept)
    return exchange.send(error_response(api_error(kept.error())));
  Response response;
  response.body = json::serialize(writer.object());
  exchange.send(std::move(response));
}

void answer_stream(const Site& site, const LentModel& model, const ResponseRequest& request, const Request& http,
                   ResponseWriter& writer, Exchange& exchange) {
  ReplyStream stream(exchange, ReplyStream::kEvents);
  bool begun = false;
  const auto on_event = [&](const inference::Event& event) {
    if (std::holds_alternative<inference::PromptProgress>(event)) return;
    if (!std::exchange(begun, true)) stream.write(writer.begin());
    stream.write(writer.event(event));
  };
  const auto generation = model.backend->generate(request.generate, on_event, exchange.stop_token());
  if (!generation) return stream.fail(request_error(generation.error(), "input"));
  if (stream.stopped()) return stream.fail_stopped();
  if (!begun) stream.write(writer.begin());
  const std::string last = writer.finish(*generation);
  if (const auto kept = keep(site, request, http, writer); !kept) return stream.fail(api_error(kept.error()));
  stream.end(last);
}

}  // namespace

void create_response(const Site& site, const Request& request, Exchange& exchange) {
  auto wanted = openai::parse_response_request(request.body, site.limits);
  if (!wanted) return exchange.send(error_response(wanted.error()));
  wanted->generate.client = request.client;
  const auto lent = lend(site, {.name = wanted->generate.model}, exchange.stop_token());
  if (!lent) return exchange.send(error_response(lent.error()));
  if (const auto error = conversation(site, *wanted, request.key_id, wanted->generate.messages))
    return exchange.send(error_response(*error));
  if (const auto error = fetch_media(site.fetch_media, wanted->generate.messages, "input", exchange.stop_token()))
    return exchange.send(error_response(*error));
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  ResponseWriter writer({.id = random_name("resp_"),
                         .created = std::chrono::duration_cast<std::chrono::seconds>(now).count(),
                         .model = lent->info.name,
                         .echo = std::move(wanted->echo)});
  if (wanted->stream)
    answer_stream(site, *lent, *wanted, request, writer, exchange);
  else
    answer_whole(site, *lent, *wanted, request, writer, exchange);
}

void get_response(const Site& site, const Request& request, Exchange& exchange) {
  const auto stored = site.responses.find(request.parameter, request.key_id);
  if (!stored) return exchange.send(error_response(store_error(stored.error(), "response_id", "response_not_found")));
  Response response;
  response.body = stored->body;
  exchange.send(std::move(response));
}

void delete_response(const Site& site, const Request& request, Exchange& exchange) {
  const auto removed = site.responses.remove(request.parameter, request.key_id);
  if (!removed) return exchange.send(error_response(store_error(removed.error(), "response_id", "response_not_found")));
  Response response;
  response.body =
      json::serialize(json::object{{"id", request.parameter}, {"object", "response.deleted"}, {"deleted", true}});
  exchange.send(std::move(response));
}

void response_items(const Site& site, const Request& request, Exchange& exchange) {
  const auto stored = site.responses.find(request.parameter, request.key_id);
  if (!stored) return exchange.send(error_response(store_error(stored.error(), "response_id", "response_not_found")));
  Response response;
  response.body = fmt::format(R"({{"object":"list","data":{},"has_more":false}})", stored->input);
  exchange.send(std::move(response));
}

}  // namespace zubr::server::endpoints
