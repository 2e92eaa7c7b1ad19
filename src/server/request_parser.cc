#include "server/request_parser.h"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <optional>

namespace zubr::server {

namespace http = boost::beast::http;

namespace {

// "Bearer abc" → "abc" (RFC 6750 2.1); "" for another scheme.
std::string bearer_key(boost::beast::string_view authorization) {
  constexpr std::size_t kScheme = 7;
  if (authorization.size() < kScheme || !boost::beast::iequals(authorization.substr(0, kScheme), "Bearer ")) return {};
  auto key = authorization.substr(kScheme);
  while (key.starts_with(' ')) key.remove_prefix(1);
  return std::string(key);
}

}  // namespace

struct RequestParser::Impl {
  std::optional<http::request_parser<http::string_body>> parser;
};

RequestParser::RequestParser(const ServerLimits& limits) : limits_(limits), impl_(std::make_unique<Impl>()) { reset(); }
RequestParser::~RequestParser() = default;

void RequestParser::reset() {
  auto& parser = impl_->parser.emplace();
  parser.header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
  parser.body_limit(limits_.body_bytes);
  parser.eager(false);  // stops after the header, so that it can be judged before the body is taken
  head_ = {};
  started_ = head_said_ = false;
}

RequestParser::State RequestParser::fail_with(int status, std::string message, std::string code) {
  error_ = {.status = status,
            .message = std::move(message),
            .type = "invalid_request_error",
            .param = std::nullopt,
            .code = std::move(code)};
  const auto& request = impl_->parser->get();
  head_.method = std::string(request.method_string());  // as far as it was read, for the log
  head_.target = std::string(request.target());
  return State::kFailed;
}

RequestParser::State RequestParser::feed(std::string_view bytes, std::size_t& used) {
  used = 0;
  auto& parser = *impl_->parser;
  if (!started_) {  // empty lines before a request are to be ignored (RFC 9112 2.2)
    while (used < bytes.size() && (bytes[used] == '\r' || bytes[used] == '\n')) ++used;
    bytes.remove_prefix(used);
  }
  if (bytes.empty() && !(head_said_ && parser.is_done())) return State::kNeedMore;
  started_ = true;
  if (head_said_ && parser.is_done()) return State::kDone;

  boost::system::error_code error;
  used += parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  if (error == http::error::header_limit)
    return fail_with(431, fmt::format("the request's header is over the limit of {} bytes", limits_.header_bytes),
                     "header_too_large");
  if (error == http::error::body_limit)
    return fail_with(413, fmt::format("the request's body is over the limit of {} bytes", limits_.body_bytes),
                     "body_too_large");
  if (error == http::error::bad_version)
    return fail_with(505, "this server speaks HTTP/1.0 and HTTP/1.1", "bad_version");
  if (error && error != http::error::need_more)
    return fail_with(400, fmt::format("this is not an HTTP request: {}", error.message()), "bad_request");
  if (!head_said_) {
    if (parser.is_header_done()) return read_head();
    if (bytes.size() > limits_.header_bytes)
      return fail_with(431, fmt::format("the request's header is over the limit of {} bytes", limits_.header_bytes),
                       "header_too_large");
    return State::kNeedMore;
  }
  if (parser.is_done()) return State::kDone;
  if (used == 0 && bytes.size() > limits_.header_bytes)  // a chunk's header or the trailer without an end
    return fail_with(400, "a chunk of the request's body has an endless header", "bad_request");
  return State::kNeedMore;
}

RequestParser::State RequestParser::read_head() {
  auto& parser = *impl_->parser;
  const auto& message = parser.get();
  const auto field = [&](auto name) { return std::string(message[name]); };
  head_said_ = true;
  head_.method = std::string(message.method_string());
  head_.target = std::string(message.target());
  head_.host = field(http::field::host);
  head_.origin = field(http::field::origin);
  head_.content_type = field(http::field::content_type);
  head_.content_encoding = field(http::field::content_encoding);
  head_.request_id = field("X-Request-Id");
  head_.preflight_method = field(http::field::access_control_request_method);
  head_.preflight_headers = field(http::field::access_control_request_headers);
  head_.traceparent = field("traceparent");
  head_.key = bearer_key(message[http::field::authorization]);
  if (head_.key.empty()) head_.key = field("X-Api-Key");
  head_.http10 = message.version() < 11;
  head_.keep_alive = parser.keep_alive();
  head_.expects_continue = !head_.http10 && boost::beast::iequals(message[http::field::expect], "100-continue");
  if (message.count(http::field::host) > 1 || (!head_.http10 && message.count(http::field::host) == 0))
    return fail_with(400, "a request needs one Host header, exactly", "bad_host");
  parser.eager(true);
  return State::kHead;
}

std::string RequestParser::take_body() { return std::move(impl_->parser->get().body()); }

}  // namespace zubr::server
