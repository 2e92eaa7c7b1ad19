#include "router/places.h"

#include <algorithm>

#include "providers/provider_backend.h"

namespace zubr::router {

using catalog::ServedOffer;
using providers::Fault;
using providers::Provider;
using providers::UpstreamError;
using providers::UpstreamResult;

namespace {

bool is_name_of(const Provider& provider, std::string_view name) {
  return name == provider.name || std::ranges::find(provider.also, name) != provider.also.end();
}

Prices prices_of(const catalog::Offer& offer) {
  return {.input = offer.input, .output = offer.output, .cached_input = offer.cached_input};
}

// Where sources disagree about a price the dearer one counts: a budget must hold.
void raise(std::optional<PicoDollars>& price, const std::optional<PicoDollars>& other) {
  if (!price || (other && *other > *price)) price = other ? other : price;
}

void raise_prices(Endpoint& endpoint, const catalog::Offer& offer) {
  raise(endpoint.prices.input, offer.input);
  raise(endpoint.prices.output, offer.output);
  raise(endpoint.prices.cached_input, offer.cached_input);
}

void take_offer(Endpoint& endpoint, const catalog::Offer& offer) {
  endpoint.prices = prices_of(offer);
  endpoint.context = offer.context;
  endpoint.max_output = offer.max_output;
  if (!offer.quantization.empty()) endpoint.quantization = offer.quantization;
  if (offer.latency_ms) endpoint.latency_ms = offer.latency_ms;
  if (offer.tokens_per_second) endpoint.tokens_per_second = offer.tokens_per_second;
}

// What somebody else says about how the provider serves this model: only what the provider's own entry does not say.
void take_statistics(Endpoint& endpoint, const Provider& provider, const catalog::ModelCard& card) {
  for (const ServedOffer& served : card.offers) {
    if (!is_name_of(provider, served.offer.provider) || !model_at(provider, served).empty()) continue;
    if (!endpoint.latency_ms) endpoint.latency_ms = served.offer.latency_ms;
    if (!endpoint.tokens_per_second) endpoint.tokens_per_second = served.offer.tokens_per_second;
  }
}

Endpoint local_endpoint(const std::string& model) {
  using namespace providers;  // NOLINT: the names of features
  Endpoint endpoint{.provider = kLocalProvider, .model = model, .reach = Reach::kLocal};
  endpoint.features = ~Features{0};
  endpoint.prices = free_of_charge();
  endpoint.privacy = {.trains = false, .retains = false};
  return endpoint;
}

Fault fault_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kTooLarge: return Fault::kContextTooLong;
    case ErrorCode::kNotFound: return Fault::kNoSuchModel;
    case ErrorCode::kUnsupported: return Fault::kUnsupported;
    case ErrorCode::kUnavailable:
    case ErrorCode::kRateLimited:
    case ErrorCode::kOutOfMemory: return Fault::kOverloaded;
    case ErrorCode::kTimeout: return Fault::kTimeout;
    case ErrorCode::kCancelled: return Fault::kCancelled;
    case ErrorCode::kInvalidArgument: return Fault::kBadRequest;
    default: return Fault::kServerError;
  }
}

tl::unexpected<UpstreamError> local_error(const Error& error) {
  return tl::unexpected(UpstreamError{.fault = fault_of(error.code()), .message = error.message()});
}

}  // namespace

std::string model_at(const Provider& provider, const ServedOffer& served) {
  const std::string& name = served.listing.name;
  if (served.listing.source == "openrouter" && provider.name == "openrouter") return name;
  if (served.listing.source != "models.dev" && served.listing.source != "litellm") return {};
  const std::size_t slash = name.find('/');
  if (slash != std::string::npos && is_name_of(provider, name.substr(0, slash))) return name.substr(slash + 1);
  // LiteLLM has the models of OpenAI and Anthropic under their bare names.
  return served.listing.source == "litellm" && slash == std::string::npos ? name : std::string();
}

Places::Places(PlacesOptions options) : options_(std::move(options)) {}

const Provider* Places::provider_in(const std::string& name, std::string& model) const {
  const std::size_t slash = name.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == name.size()) return nullptr;
  const Provider* provider = options_.table.find(name.substr(0, slash));
  if (provider != nullptr) model = name.substr(slash + 1);
  return provider;
}

Endpoint Places::endpoint_of(const Provider& provider, std::string model) const {
  Endpoint endpoint{.provider = provider.name, .model = std::move(model), .reach = provider.reach};
  endpoint.privacy = provider.privacy;
  endpoint.features = provider.features;
  endpoint.keys = static_cast<int>(providers::keys_of(provider, options_.environment).size());
  endpoint.needs_key = provider.needs_key;
  endpoint.key_variable = provider.key_variable;
  if (provider.reach != providers::Reach::kHosted) endpoint.prices = free_of_charge();
  return endpoint;
}

void Places::take_prices(Endpoint& endpoint, const catalog::ModelCard& card) const {
  const Provider* provider = options_.table.find(endpoint.provider);
  bool found = false;
  for (const ServedOffer& served : card.offers) {
    if (model_at(*provider, served) != endpoint.model || !is_name_of(*provider, served.offer.provider)) continue;
    found ? raise_prices(endpoint, served.offer) : take_offer(endpoint, served.offer);
    found = true;
  }
  take_statistics(endpoint, *provider, card);
}

Result<std::vector<Endpoint>> Places::from_catalog(const std::string& model) {
  std::vector<Endpoint> endpoints;
  if (!options_.catalog) return endpoints;
  ZUBR_TRY(id, options_.catalog->resolve(model));
  ZUBR_TRY(card, options_.catalog->card(id));
  for (const Provider& provider : options_.table.all()) {
    if (provider.base_url.empty() && !providers::ready(provider, options_.environment)) continue;
    for (const ServedOffer& served : card.offers) {
      std::string name = is_name_of(provider, served.offer.provider) ? model_at(provider, served) : std::string();
      if (name.empty()) continue;
      const auto same = std::ranges::find_if(
          endpoints, [&](const Endpoint& e) { return e.provider == provider.name && e.model == name; });
      if (same != endpoints.end()) {
        raise_prices(*same, served.offer);
        continue;
      }
      Endpoint endpoint = endpoint_of(provider, std::move(name));
      take_offer(endpoint, served.offer);
      take_statistics(endpoint, provider, card);
      endpoints.push_back(std::move(endpoint));
    }
  }
  return endpoints;
}

Result<std::vector<Endpoint>> Places::look_up(const std::string& model) {
  std::string there;
  const Provider* provider = provider_in(model, there);
  if (provider == nullptr) return from_catalog(model);
  ZUBR_CHECK(providers::ready(*provider, options_.environment));
  Endpoint endpoint = endpoint_of(*provider, there);
  // Its price, where the catalog has the provider's own entry.
  if (options_.catalog && provider->reach == providers::Reach::kHosted)
    if (const auto id = options_.catalog->resolve(model))
      if (const auto card = options_.catalog->card(*id)) take_prices(endpoint, *card);
  return std::vector<Endpoint>{std::move(endpoint)};
}

Result<std::vector<Endpoint>> Places::hosted(const std::string& model) {
  constexpr std::chrono::minutes kFresh{1};
  constexpr std::size_t kMostRemembered = 4096;
  const auto now = std::chrono::steady_clock::now();
  const std::lock_guard lock(mutex_);
  if (const auto known = remembered_.find(model); known != remembered_.end() && now - known->second.when < kFresh)
    return known->second.endpoints;
  auto endpoints = look_up(model);
  if (!endpoints) return endpoints;
  if (remembered_.size() >= kMostRemembered) remembered_.clear();
  remembered_[model] = {*endpoints, now};
  return endpoints;
}

Result<std::vector<Endpoint>> Places::endpoints(const std::string& model) {
  std::vector<Endpoint> endpoints;
  if (options_.local.has && options_.local.has(model)) endpoints.push_back(local_endpoint(model));
  auto elsewhere = hosted(model);
  if (!elsewhere && endpoints.empty()) return fail(std::move(elsewhere).error());
  if (elsewhere) std::ranges::move(*elsewhere, std::back_inserter(endpoints));
  return endpoints;
}

UpstreamResult<Places::Open> Places::open(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (const auto found = open_.find(name); found != open_.end()) return found->second;
  const Provider* provider = options_.table.find(name);
  if (provider == nullptr)
    return tl::unexpected(
        UpstreamError{.fault = Fault::kUnsupported, .message = message("there is no provider '{}'", name)});
  auto ready = providers::ready(*provider, options_.environment);
  if (!ready) return tl::unexpected(UpstreamError{.fault = Fault::kUnsupported, .message = ready.error().message()});
  Open open{std::make_shared<const providers::Upstream>(*ready, options_.client),
            providers::keys_of(*ready, options_.environment)};
  open_.emplace(name, open);
  return open;
}

UpstreamResult<providers::Answer> Places::generate(const Endpoint& endpoint, int key,
                                                   const inference::GenerateRequest& request,
                                                   const inference::EventSink& sink, std::stop_token stop) {
  if (endpoint.provider == kLocalProvider) {
    auto backend = options_.local.host->borrow({.name = endpoint.model}, stop);
    if (!backend) return local_error(backend.error());
    auto generation = (*backend)->generate(request, sink, stop);
    if (!generation) return local_error(generation.error());
    return providers::Answer{.generation = std::move(*generation), .usage_known = true};
  }
  auto opened = open(endpoint.provider);
  if (!opened) return tl::unexpected(opened.error());
  const auto at = static_cast<std::size_t>(key);
  return opened->upstream->generate(endpoint.model, at < opened->keys.size() ? opened->keys[at] : std::string(),
                                    request, sink, stop);
}

UpstreamResult<providers::Embedded> Places::embed(const Endpoint& endpoint, int key,
                                                  const inference::EmbedRequest& request, std::stop_token stop) {
  if (endpoint.provider == kLocalProvider) {
    auto backend = options_.local.host->borrow({.name = endpoint.model}, stop);
    if (!backend) return local_error(backend.error());
    auto vectors = (*backend)->embed(request, stop);
    if (!vectors) return local_error(vectors.error());
    providers::Embedded embedded{.vectors = {}, .usage_known = true};
    for (auto& vector : *vectors) {
      if (!vector) return local_error(vector.error());
      embedded.prompt_tokens += vector->tokens;
      embedded.vectors.push_back(std::move(*vector));
    }
    return embedded;
  }
  auto opened = open(endpoint.provider);
  if (!opened) return tl::unexpected(opened.error());
  const auto at = static_cast<std::size_t>(key);
  return opened->upstream->embed(endpoint.model, at < opened->keys.size() ? opened->keys[at] : std::string(), request,
                                 stop);
}

}  // namespace zubr::router
