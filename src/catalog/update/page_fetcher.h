// One page of a source over HTTP: conditional, as slowly as the server asks, and with errors that say whose answer it
// was and what to do.
//
// A wait is what the server asks for (Retry-After, or a RateLimit with nothing remaining), else exponential back-off; a
// server that asks for more than `retry.max_retry_after` is taken at its word and the fetch fails. A request's
// credentials go to the host of its address and no other (net/http_client.h). One thread.
//
// Errors: kRateLimited, kUnavailable, kNetwork, kTimeout after all tries; kUnauthenticated, kPermissionDenied,
// kNotFound, kInvalidArgument as the status says; kCorrupt for another type of document than was asked for; kTooLarge;
// kCancelled.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "catalog/catalog.h"
#include "net/http_client.h"
#include "net/retry.h"

namespace zubr::catalog {

enum class DocumentKind { kJson, kHtml, kText };

struct PageRequest {
  std::string url = {};
  net::Headers headers = {};
  DocumentKind kind = DocumentKind::kJson;
  std::size_t max_bytes = std::size_t{32} << 20;
  std::string setting = {};    // where the address comes from: "catalog.litellm_url"
  std::string token_env = {};  // "HF_TOKEN", where a token may help
};

struct FetchOptions {
  net::RetryPolicy retry{.max_attempts = 5};
  // Empty functions are the real ones.
  std::function<void(std::chrono::milliseconds, const std::stop_token&)> wait = {};
  std::function<double()> random = {};  // [0, 1)
  std::function<void(std::string_view host, std::chrono::milliseconds)> on_wait = {};
};

class PageFetcher {
 public:
  // `client` must live as long.
  PageFetcher(net::HttpClient& client, FetchOptions options);

  // Status 200, or 304 where `known` says something.
  Result<net::HttpResponse> fetch(const PageRequest& request, const Validator& known, const std::stop_token& stop);

 private:
  Result<void> pause(std::string_view host, std::chrono::milliseconds time, const std::stop_token& stop);
  Result<net::HttpResponse> with_retries(const net::HttpRequest& request, std::string_view host,
                                         const std::stop_token& stop);

  net::HttpClient& client_;
  FetchOptions options_;
  std::map<std::string, std::chrono::milliseconds, std::less<>> due_;  // host → wait before its next request
};

// The host of an address, with its port where that is not the usual one.
std::string host_of(std::string_view url);

}  // namespace zubr::catalog
