// Upstream: the models of one provider, over HTTP. What a Backend needs, with more said about failures: a closed fault
// (fault.h), when to come back, and whether a part of the answer had come.
//
// Privacy: a request goes to the provider's address and nowhere else; a redirect to another origin is not followed.
// What is sent and what comes back is in no log and no message; keys neither.
//
// Limits on what comes in: an event 8 MiB, an answer 64 MiB, an error 64 KiB, vectors of 65,536 numbers; a status, a
// type or a form that should not be is kNotUnderstood, a stream that ends before the answer does is kCut.
//
// Threads: every method from any thread at once. Calls block; `stop` ends them in milliseconds.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/money.h"
#include "inference/embedding.h"
#include "inference/generation.h"
#include "net/http_client.h"
#include "providers/fault.h"
#include "providers/provider.h"

namespace zubr::providers {

struct Answer {
  inference::Generation generation;
  bool usage_known = false;                      // else the numbers in generation.usage are zeros
  std::int64_t reasoning_tokens = 0;             // of the completion tokens
  std::int64_t cache_write_tokens = 0;           // of the prompt tokens, written into the provider's cache
  std::optional<core::PicoDollars> billed = {};  // what the provider says that it costs
  std::string served_model = {};                 // as the provider calls it; may be empty
};

struct Embedded {
  std::vector<inference::Embedding> vectors;  // one per text, in order
  bool usage_known = false;
  std::int64_t prompt_tokens = 0;
  std::optional<core::PicoDollars> billed = {};
};

// The features that a request cannot do without: kChat or kCompletions, kTools, kJsonSchema …
Features needed_features(const inference::GenerateRequest& request);
// Those that it asks for and that may be left out: kTopK, kSeed …
Features wished_features(const inference::GenerateRequest& request);

class WireDialect;

class Upstream {
 public:
  // `provider` with a base_url. The client is shared by all upstreams of the program.
  Upstream(Provider provider, std::shared_ptr<net::HttpClient> client);
  ~Upstream();
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  const Provider& provider() const { return provider_; }

  // `model` as the provider calls it; `key` empty: none is sent. Wished features that the provider lacks are left out;
  // needed ones are kUnsupported. GenerateRequest::context_tokens and ::client stay here; a sampling value that is the
  // default of SamplingOptions, or off, is not sent: the provider's own counts.
  UpstreamResult<Answer> generate(const std::string& model, const std::string& key,
                                  const inference::GenerateRequest& request, const inference::EventSink& sink,
                                  std::stop_token stop) const;

  UpstreamResult<Embedded> embed(const std::string& model, const std::string& key,
                                 const inference::EmbedRequest& request, std::stop_token stop) const;

  // The models that the provider lists; kUnsupported where it has no list.
  UpstreamResult<std::vector<std::string>> models(const std::string& key, std::stop_token stop) const;

 private:
  Provider provider_;
  std::shared_ptr<net::HttpClient> client_;
  std::unique_ptr<WireDialect> dialect_;
};

}  // namespace zubr::providers
