// RequestParser: HTTP/1.1 requests out of bytes, in whatever pieces they come (RFC 9112). No sockets, no threads.
//
//   feed() until kHead, look at head() and refuse early what is refused, feed() until kDone, take_body(), reset().
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "server/api_error.h"
#include "server/server.h"

namespace zubr::server {

struct RequestHead {
  std::string method = {};
  std::string target = {};
  std::string host = {};
  std::string origin = {};
  std::string content_type = {};
  std::string content_encoding = {};
  std::string request_id = {};  // X-Request-Id as the client sent it
  std::string traceparent = {};
  std::string preflight_method = {};   // Access-Control-Request-Method
  std::string preflight_headers = {};  // Access-Control-Request-Headers
  std::string key = {};                // of Authorization: Bearer, else of X-Api-Key
  bool http10 = false;
  bool keep_alive = true;
  bool expects_continue = false;
};

class RequestParser {
 public:
  explicit RequestParser(const ServerLimits& limits);
  ~RequestParser();

  enum class State {
    kNeedMore,
    kHead,    // the header is whole; said once
    kDone,    // the body too
    kFailed,  // error() says why; the connection cannot go on
  };
  // Uses up the beginning of `bytes`; `used` tells how much. Call again with the rest.
  State feed(std::string_view bytes, std::size_t& used);
  void reset();  // for the next request

  bool started() const { return started_; }  // a byte of a request was seen
  const RequestHead& head() const { return head_; }
  std::string take_body();
  const ApiError& error() const { return error_; }

 private:
  struct Impl;
  State read_head();
  State fail_with(int status, std::string message, std::string code);

  const ServerLimits limits_;
  std::unique_ptr<Impl> impl_;
  RequestHead head_;
  ApiError error_;
  bool started_ = false;
  bool head_said_ = false;
};

}  // namespace zubr::server
