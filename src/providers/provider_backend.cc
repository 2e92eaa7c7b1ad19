#include "providers/provider_backend.h"

#include "net/headers.h"
#include "net/url.h"

namespace zubr::providers {

inference::ModelInfo ProviderBackend::info() const {
  const Provider& provider = upstream_->provider();
  inference::ModelInfo info;
  info.name = provider.name + "/" + model_;
  info.description = message("{} at {}", model_, provider.display);
  info.context_tokens = context_;
  info.can_embed = (provider.features & kEmbeddings) != 0;
  info.can_generate = (provider.features & (kChat | kCompletions)) != 0;
  info.has_chat_template = (provider.features & kChat) != 0;
  info.can_infill = (provider.features & kSuffix) != 0;
  info.template_has_tools = (provider.features & kTools) != 0;
  info.template_has_thinking = (provider.features & kReasoning) != 0;
  return info;
}

Result<inference::Generation> ProviderBackend::generate(const inference::GenerateRequest& request,
                                                        const inference::EventSink& sink, std::stop_token stop) {
  auto answer = upstream_->generate(model_, key_, request, sink, std::move(stop));
  if (!answer) return fail(answer.error().error());
  return std::move(answer->generation);
}

Result<std::vector<Result<inference::Embedding>>> ProviderBackend::embed(const inference::EmbedRequest& request,
                                                                         std::stop_token stop) {
  auto embedded = upstream_->embed(model_, key_, request, std::move(stop));
  if (!embedded) return fail(embedded.error().error());
  std::vector<Result<inference::Embedding>> results;
  for (inference::Embedding& vector : embedded->vectors) results.emplace_back(std::move(vector));
  return results;
}

Result<std::unique_ptr<inference::LabelScorer>> ProviderBackend::open_labels(const inference::LabelTask&,
                                                                             std::stop_token) {
  return fail(ErrorCode::kUnsupported, "{}/{} runs elsewhere: labels are scored with models on this machine only",
              upstream_->provider().name, model_);
}

Result<std::vector<std::string>> ProviderBackend::label_codes(std::size_t) {
  return fail(ErrorCode::kUnsupported, "{}/{} runs elsewhere: labels are scored with models on this machine only",
              upstream_->provider().name, model_);
}

std::vector<std::string> keys_of(const Provider& provider, const core::Environment& environment) {
  std::vector<std::string> keys;
  if (provider.key_variable.empty()) return keys;
  const std::string all = environment(provider.key_variable).value_or("");
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find(',', at), all.size());
    const std::string_view key = net::trim(std::string_view(all).substr(at, end - at));
    if (!key.empty()) keys.emplace_back(key);
    at = end + 1;
  }
  return keys;
}

Result<Provider> ready(Provider provider, const core::Environment& environment) {
  if (provider.base_url_variable.empty()) return provider;
  std::string url = environment(provider.base_url_variable).value_or(provider.base_url);
  while (url.ends_with('/')) url.pop_back();
  if (url.empty())
    return fail(ErrorCode::kInvalidArgument, "where {} is must be said: set {}, or base_url in [providers.{}]",
                provider.display, provider.base_url_variable, provider.name);
  const auto parsed = net::Url::parse(url);
  if (!parsed) return fail(parsed.error().context(provider.base_url_variable));
  if (provider.reach == Reach::kLocal && !parsed->is_loopback())
    return fail(ErrorCode::kInvalidArgument, "{} is not this machine, and the provider '{}' is called local",
                provider.base_url_variable, provider.name);
  provider.base_url = std::move(url);
  return provider;
}

}  // namespace zubr::providers
