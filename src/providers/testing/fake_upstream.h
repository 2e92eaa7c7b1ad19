// What providers answer, for tests: bodies in the forms of each dialect, and an Upstream at a FaultServer.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>

#include "net/testing/fault_server.h"
#include "providers/upstream.h"

namespace zubr::providers::testing {

using net::testing::FaultServer;
using net::testing::Received;
using net::testing::Reply;

inline Provider provider_at(const FaultServer& server, Dialect dialect = Dialect::kOpenAi) {
  Provider provider{.name = "fake", .display = "Fake"};
  provider.dialect = dialect;
  provider.base_url = server.base() + "/v1";
  provider.key_variable = "FAKE_KEY";
  provider.features = ~0u;
  provider.limits.patience = std::chrono::seconds(20);
  return provider;
}

inline Upstream upstream_at(const Provider& provider) {
  return Upstream(provider, std::make_shared<net::HttpClient>(net::HttpOptions{.proxy = "none"}));
}

inline std::string sse(std::initializer_list<std::string_view> events) {
  std::string body;
  for (const std::string_view event : events) body += "data: " + std::string(event) + "\n\n";
  return body;
}

inline Reply stream_reply(std::string body) {
  return {.status = 200, .headers = {{"Content-Type", "text/event-stream; charset=utf-8"}}, .body = std::move(body)};
}
inline Reply json_reply(std::string body, int status = 200) {
  return {.status = status, .headers = {{"Content-Type", "application/json"}}, .body = std::move(body)};
}

// "Hello, świat" as OpenAI streams it, with usage.
inline std::string hello_stream() {
  return ": comment\n\n" +
         sse({R"({"id":"1","model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]})",
              R"({"id":"1","choices":[{"index":0,"delta":{"content":"Hello, "}}]})",
              R"({"id":"1","choices":[{"index":0,"delta":{"content":"świat"}}]})",
              R"({"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})",
              R"({"id":"1","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":4,"total_tokens":15,)"
              R"("prompt_tokens_details":{"cached_tokens":3},"completion_tokens_details":{"reasoning_tokens":1}}})",
              "[DONE]"});
}

inline inference::GenerateRequest user_says(std::string text) {
  inference::GenerateRequest request;
  request.messages.push_back({inference::Role::kUser, std::move(text)});
  return request;
}

}  // namespace zubr::providers::testing
