// How a family of providers wants to be asked and how it answers: requests as text, answers from text. Pure; one
// thread per reader.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/headers.h"
#include "providers/provider.h"
#include "providers/wire/answer_builder.h"

namespace zubr::providers {

struct WireRequest {
  std::string path;  // behind the base URL: "/chat/completions"
  std::string body;  // JSON
};

class AnswerReader {
 public:
  virtual ~AnswerReader() = default;
  // A server-sent event; a whole answer in one piece; the end of a stream. An error that stands inside is the result.
  virtual UpstreamResult<void> event(std::string_view name, std::string_view data) = 0;
  virtual UpstreamResult<void> whole(std::string_view body) = 0;
  // True: the provider said that the answer is complete.
  virtual bool complete() const = 0;
};

class WireDialect {
 public:
  virtual ~WireDialect() = default;
  virtual net::Headers headers(const std::string& key) const = 0;
  virtual UpstreamResult<WireRequest> generation(const std::string& model,
                                                 const inference::GenerateRequest& request) const = 0;
  virtual std::unique_ptr<AnswerReader> reader(const inference::GenerateRequest& request,
                                               AnswerBuilder& builder) const = 0;
  virtual UpstreamResult<WireRequest> embedding(const std::string& model,
                                                const inference::EmbedRequest& request) const = 0;
  virtual UpstreamResult<Embedded> read_embeddings(std::string_view body, std::size_t texts) const = 0;
  virtual std::string models_path() const = 0;
  virtual UpstreamResult<std::vector<std::string>> read_models(std::string_view body) const = 0;
};

// `provider` must outlive what is made.
std::unique_ptr<WireDialect> make_open_ai(const Provider& provider);
std::unique_ptr<WireDialect> make_anthropic(const Provider& provider);
std::unique_ptr<WireDialect> make_gemini(const Provider& provider);

}  // namespace zubr::providers
