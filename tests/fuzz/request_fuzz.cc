// Any bytes as HTTP requests, and any bytes as the body of each endpoint. The first byte says which. A request has to
// be understood the same however it is cut into pieces; what is refused has to be refused with a message and a status.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "server/anthropic/message_request.h"
#include "server/classify/classify_request.h"
#include "server/duration.h"
#include "server/files/multipart.h"
#include "server/llama_server/completion_fields.h"
#include "server/ollama/create_request.h"
#include "server/ollama/ollama_request.h"
#include "server/openai/chat_request.h"
#include "server/openai/completion_request.h"
#include "server/openai/embedding_request.h"
#include "server/openai/response_items.h"
#include "server/openai/response_request.h"
#include "server/origin_guard.h"
#include "server/request_parser.h"

namespace {

using namespace zubr::server;
using State = RequestParser::State;

ServerLimits limits() {
  ServerLimits made;
  made.header_bytes = 2'048;
  made.body_bytes = 4'096;
  return made;
}

struct Understood {
  State state = State::kNeedMore;
  RequestHead head;
  std::string body;
};

// As the connection does it: feed, use up, go on.
Understood understand(std::string_view bytes, std::size_t piece) {
  RequestParser parser(limits());
  Understood result;
  std::string waiting;
  while (result.state != State::kDone && result.state != State::kFailed) {
    std::size_t used = 0;
    result.state = parser.feed(waiting, used);
    if (used > waiting.size()) __builtin_trap();
    waiting.erase(0, used);
    if (result.state == State::kHead) result.head = parser.head();
    if (result.state != State::kNeedMore || (used > 0 && !waiting.empty())) continue;
    if (bytes.empty()) break;
    waiting += bytes.substr(0, piece);
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  if (result.state == State::kDone) result.body = parser.take_body();
  if (result.state == State::kFailed && (parser.error().status < 400 || parser.error().message.empty()))
    __builtin_trap();
  return result;
}

void as_requests(std::string_view bytes) {
  const Understood whole = understand(bytes, bytes.size() + 1);
  const Understood pieces = understand(bytes, 1);
  if (whole.state == State::kDone && pieces.state == State::kDone &&
      (whole.body != pieces.body || whole.head.target != pieces.head.target || whole.head.host != pieces.head.host ||
       whole.head.key != pieces.head.key))
    __builtin_trap();
  if (whole.body.size() > limits().body_bytes) __builtin_trap();
  static const OriginGuard guard({"models.lan"}, {"https://app.example"}, false);
  (void)guard.host_allowed(whole.head.host);
  (void)guard.judge(whole.head.origin, whole.head.host);
}

template <typename T>
void check(const ApiResult<T>& result) {
  if (!result && (result.error().status < 400 || result.error().message.empty())) __builtin_trap();
}

void as_body(unsigned which, std::string_view body) {
  switch (which) {
    case 1: return check(openai::parse_chat_request(body, limits()));
    case 2: return check(openai::parse_completion_request(body, limits()));
    case 3: return check(openai::parse_embedding_request(body, limits()));
    case 4: {
      const auto request = openai::parse_response_request(body, limits());
      check(request);
      if (!request) return;
      std::vector<zubr::inference::Message> messages;
      std::optional<ApiError> error;
      openai::append_items(request->input, "input", messages, error);
      return;
    }
    case 5: return check(ollama::parse_chat(body, limits()));
    case 6: return check(ollama::parse_generate(body, limits()));
    case 7: return check(ollama::parse_embed(body, limits()));
    case 8: return check(ollama::parse_model(body, limits()));
    case 9: return check(anthropic::parse_message_request(body, limits(), false));
    case 10: return check(parse_classify_request(body, limits()));
    case 11: return check(llama_server::parse_completion(body, limits()));
    case 12: return check(llama_server::parse_tokenize(body, limits()));
    case 13: {
      const auto parts = parse_multipart("multipart/form-data; boundary=XX", body);
      if (!parts) return;
      for (const FormPart& part : *parts) {
        if (part.content.data() < body.data() || part.content.data() + part.content.size() > body.data() + body.size())
          __builtin_trap();
      }
      return;
    }
    case 14: (void)parse_multipart(body, "--XX\r\n\r\n--XX--"); return;
    case 15: return check(ollama::parse_create(body, limits()));
    case 16: (void)parse_duration(body); return;
    default: return as_requests(body);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  as_body(data[0] % 17u, {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
