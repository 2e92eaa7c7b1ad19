// A Backend with what its model's maker wants of every request: a system message, a conversation to begin with,
// sampling, stop texts.
//
// A request's own words win: the system message is added where a request has none, a sampling value counts where the
// request has the default of SamplingOptions, the length where it has no limit. Requests with a raw prompt or tokens
// get sampling and stop texts only; label tasks and embeddings are passed on as they are.
//
// Threads and ownership as of the Backend inside, which is shared with whoever opened it.
#pragma once

#include <memory>

#include "inference/backend.h"

namespace zubr::inference {

struct Preset {
  std::string system = {};
  std::vector<Message> messages = {};  // before those of the request, behind the system message
  SamplingOptions sampling = {};
  std::vector<std::string> stop = {};
  int max_tokens = -1;
};

// What generate() makes of a request.
GenerateRequest with_preset(const Preset& preset, GenerateRequest request);

class PresetBackend : public Backend {
 public:
  PresetBackend(std::shared_ptr<Backend> inner, Preset preset) : inner_(std::move(inner)), preset_(std::move(preset)) {}

  ModelInfo info() const override { return inner_->info(); }
  Result<Generation> generate(const GenerateRequest& request, const EventSink& sink, std::stop_token stop) override {
    return inner_->generate(with_preset(preset_, request), sink, stop);
  }
  Result<std::vector<Result<Embedding>>> embed(const EmbedRequest& request, std::stop_token stop) override {
    return inner_->embed(request, stop);
  }
  Result<std::unique_ptr<LabelScorer>> open_labels(const LabelTask& task, std::stop_token stop) override {
    return inner_->open_labels(task, stop);
  }
  Result<std::vector<std::string>> label_codes(std::size_t count) override { return inner_->label_codes(count); }
  Result<std::vector<std::int32_t>> tokenize(const TokenizeRequest& request) override {
    return inner_->tokenize(request);
  }
  Result<std::string> detokenize(std::span<const std::int32_t> tokens) override { return inner_->detokenize(tokens); }
  Result<Prompt> render(const GenerateRequest& request) override {
    return inner_->render(with_preset(preset_, request));
  }

 private:
  std::shared_ptr<Backend> inner_;
  Preset preset_;
};

}  // namespace zubr::inference
