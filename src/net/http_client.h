// HTTP/1.1 and HTTP/2 as a client.
//
//   HttpClient client(HttpOptions{});
//   ZUBR_TRY(answer, client.fetch({.url = "https://…", .headers = {{"Accept", "application/json"}}}, stop));
//   if (!answer.ok()) …                      // a status is an answer, not an error
//   ZUBR_TRY(head, client.stream(request, sink, stop));
//
// Redirects are followed here, not by the library: the caller may look at each (HttpRequest::on_redirect); credentials
// (net/headers.h) are dropped at the first hop to another origin and stay dropped; https never becomes http.
//
// Threads: any number of calls at once; each borrows a connection set from a pool and returns it, so connections are
// kept alive. A call blocks until done and ends within milliseconds of a stop request.
//
// Errors: kNetwork (no such host, refused, broken, cut short), kTimeout (connect, stall), kCancelled, kTooLarge (body
// over max_body_bytes), kInvalidArgument (address, header), kUnsupported (redirect loop, https → http),
// kPermissionDenied (certificate), whatever a sink returned.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

#include "core/result.h"
#include "net/http.h"

namespace zubr::net {

struct HttpOptions {
  // "" = as http_proxy, https_proxy, no_proxy say; "none" = no proxy whatever they say; else its address.
  std::string proxy = {};
  std::filesystem::path ca_file = {};  // PEM; empty = the system's
  std::string user_agent = "zubr";
  std::chrono::milliseconds connect_timeout{15'000};
  std::chrono::milliseconds stall_timeout{30'000};  // no byte for so long
  int max_redirects = 10;
  // For addresses that strangers name: kPermissionDenied for what net/public_address.h says is not public, seen when it
  // is connected to. No proxy is used then.
  bool public_addresses_only = false;
};

class HttpClient {
 public:
  explicit HttpClient(HttpOptions options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // The body in memory, at most request.max_body_bytes.
  Result<HttpResponse> fetch(const HttpRequest& request, std::stop_token stop);
  // The body into `sink`; HttpResponse::body stays empty.
  Result<HttpResponse> stream(const HttpRequest& request, BodySink& sink, std::stop_token stop);

  const HttpOptions& options() const { return options_; }

 private:
  class Pool;
  HttpOptions options_;
  std::unique_ptr<Pool> pool_;
};

}  // namespace zubr::net
