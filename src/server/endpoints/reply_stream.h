// ReplyStream: an answer in pieces that commits to a status only with its first piece. Whatever goes wrong before is a
// proper HTTP error; after it, an error is a piece of the stream, and the connection ends.
#pragma once

#include <string>
#include <string_view>

#include "server/api_error.h"
#include "server/exchange.h"

namespace zubr::server {

// `prefix` and `suffix` stand around an error in the stream: "data: " and "\n\n".
struct ReplyForm {
  std::string_view content_type;
  std::string_view prefix;
  std::string_view suffix;
  Dialect dialect = Dialect::kOpenAi;
};

class ReplyStream {
 public:
  static constexpr ReplyForm kEvents{"text/event-stream; charset=utf-8", "data: ", "\n\n"};

  ReplyStream(Exchange& exchange, const ReplyForm& form) : exchange_(exchange), form_(form) {}

  void write(std::string_view piece) {
    if (!exchange_.answered()) {
      exchange_.begin({.status = 200,
                       .content_type = std::string(form_.content_type),
                       .headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}}});
    }
    exchange_.write(piece);
  }

  void fail(const ApiError& error) {
    if (!exchange_.answered()) return exchange_.send(error_response(error, form_.dialect));
    exchange_.end(std::string(form_.prefix).append(error_json(error, form_.dialect)).append(form_.suffix), true);
  }

  // Writes were dropped once a stop was asked for: what follows must not look like a whole answer.
  bool stopped() const { return exchange_.stop_token().stop_requested(); }
  void fail_stopped() { fail(api_error({ErrorCode::kCancelled, "the answer was stopped"})); }

  void end(std::string_view last = {}) { exchange_.end(last); }

 private:
  Exchange& exchange_;
  const ReplyForm form_;
};

}  // namespace zubr::server
