// ProviderBackend: one model of one provider as a Backend.
//
// What needs the model's vocabulary or logits on this machine (labels, tokens) is kUnsupported. Errors carry the
// message of the UpstreamError and its code (fault.h).
//
// Threads: as Backend. Ownership: shares its Upstream with whoever else asks that provider.
#pragma once

#include <memory>
#include <string>

#include "core/settings.h"
#include "inference/backend.h"
#include "providers/upstream.h"

namespace zubr::providers {

class ProviderBackend : public inference::Backend {
 public:
  ProviderBackend(std::shared_ptr<const Upstream> upstream, std::string model, std::string key, int context_tokens = 0)
      : upstream_(std::move(upstream)), model_(std::move(model)), key_(std::move(key)), context_(context_tokens) {}

  inference::ModelInfo info() const override;
  Result<inference::Generation> generate(const inference::GenerateRequest& request, const inference::EventSink& sink,
                                         std::stop_token stop) override;
  Result<std::vector<Result<inference::Embedding>>> embed(const inference::EmbedRequest& request,
                                                          std::stop_token stop) override;
  Result<std::unique_ptr<inference::LabelScorer>> open_labels(const inference::LabelTask& task,
                                                              std::stop_token stop) override;
  Result<std::vector<std::string>> label_codes(std::size_t count) override;

 private:
  std::shared_ptr<const Upstream> upstream_;
  const std::string model_;
  const std::string key_;
  const int context_;
};

// The environment's key for a provider: none where the variable is not set or empty. Several keys stand in one
// variable with commas between them; they are used in turn.
std::vector<std::string> keys_of(const Provider& provider, const core::Environment& environment);
// With base_url taken from its variable where it has one. kInvalidArgument where that is not set, or no address.
Result<Provider> ready(Provider provider, const core::Environment& environment);

}  // namespace zubr::providers
