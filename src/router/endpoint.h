// An endpoint: one model at one place, with everything that choosing needs to know. And a request, as choosing sees it:
// what it needs and about how long it is, never what it says. Plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "inference/generation.h"
#include "providers/provider.h"
#include "router/prices.h"

namespace zubr::router {

struct Endpoint {
  std::string provider = {};  // "groq"; "local": this program
  std::string model = {};     // as the provider calls it
  std::string tag = {};       // tells several of a provider apart: "fp8"
  providers::Reach reach = providers::Reach::kHosted;
  providers::PrivacyFacts privacy = {};
  providers::Features features = 0;
  Prices prices = {};
  std::optional<std::int64_t> context = {};      // tokens
  std::optional<std::int64_t> max_output = {};   // tokens
  std::string quantization = {};                 // "fp8"; empty: not said
  std::optional<double> latency_ms = {};         // to the first token, as published
  std::optional<double> tokens_per_second = {};  // as published
  int keys = 0;                                  // that we have for it
  bool needs_key = false;
  std::string key_variable = {};
  int rank = 0;  // of its model among those asked for: 0 is the first choice

  // "groq/llama-3.1-8b-instant", "deepinfra/x:fp8"
  std::string name() const;
};

struct RequestShape {
  providers::Features needed = 0;
  providers::Features wished = 0;
  std::int64_t prompt_bytes = 0;
  std::int64_t messages = 0;
  std::int64_t max_tokens = -1;  // -1: not limited

  // From the bytes: a token is about four of them. For comparing prices.
  std::int64_t expected_prompt_tokens() const;
  // No tokenizer makes more of it: a token has at least a byte, and a template adds a few to each message. For budgets.
  std::int64_t most_prompt_tokens() const;
  // No tokenizer makes fewer of it that we know of. For telling that a context is too small.
  std::int64_t least_prompt_tokens() const;
  std::int64_t expected_completion_tokens() const;
};
RequestShape shape_of(const inference::GenerateRequest& request);

std::optional<PicoDollars> expected_cost(const Endpoint& endpoint, const RequestShape& shape);
// The most that it can cost; unknown where a price, or how long the answer may get, is.
std::optional<PicoDollars> most_cost(const Endpoint& endpoint, const RequestShape& shape);

}  // namespace zubr::router
