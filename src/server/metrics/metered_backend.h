// MeteredBackend: a Backend with its tokens counted. Forwards everything; as thread-safe as what it wraps, which it
// holds.
#pragma once

#include "inference/backend.h"
#include "server/metrics/metrics.h"

namespace zubr::server {

class MeteredBackend : public inference::Backend {
 public:
  MeteredBackend(std::shared_ptr<inference::Backend> inner, Metrics& metrics)
      : inner_(std::move(inner)), metrics_(metrics) {}

  inference::ModelInfo info() const override { return inner_->info(); }
  Result<inference::Generation> generate(const inference::GenerateRequest& request, const inference::EventSink& sink,
                                         std::stop_token stop) override {
    auto generation = inner_->generate(request, sink, std::move(stop));
    if (generation) metrics_.count_generation(generation->usage);
    return generation;
  }
  Result<std::vector<Result<inference::Embedding>>> embed(const inference::EmbedRequest& request,
                                                          std::stop_token stop) override {
    auto embeddings = inner_->embed(request, std::move(stop));
    if (!embeddings) return embeddings;
    for (const auto& one : *embeddings) {
      if (one) metrics_.count_embedding(one->tokens);
    }
    return embeddings;
  }
  Result<std::unique_ptr<inference::LabelScorer>> open_labels(const inference::LabelTask& task,
                                                              std::stop_token stop) override {
    return inner_->open_labels(task, std::move(stop));
  }
  Result<std::vector<std::string>> label_codes(std::size_t count) override { return inner_->label_codes(count); }
  Result<std::vector<std::int32_t>> tokenize(const inference::TokenizeRequest& request) override {
    return inner_->tokenize(request);
  }
  Result<std::string> detokenize(std::span<const std::int32_t> tokens) override { return inner_->detokenize(tokens); }
  Result<Prompt> render(const inference::GenerateRequest& request) override { return inner_->render(request); }

 private:
  const std::shared_ptr<inference::Backend> inner_;
  Metrics& metrics_;
};

}  // namespace zubr::server
