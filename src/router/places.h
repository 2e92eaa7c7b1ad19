// Places: where a model is to be had, from the table of providers, the catalog and this machine; and the way to ask
// there.
//
// "groq/llama-3.1-8b-instant" with a provider's name in front is that model there and nowhere else; a name of ours is
// this machine; any other name is a model of the catalog, at every provider of which the catalog knows how it calls it.
//
// What the catalog says is remembered for a minute. Threads: every method from any thread; questions to the catalog
// take turns.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "core/settings.h"
#include "inference/model_host.h"
#include "net/http_client.h"
#include "providers/provider_table.h"
#include "router/router.h"

namespace zubr::router {

// What this program serves itself.
struct LocalModels {
  // Whether there is a model of that name here; may look at files. Empty: there are none.
  std::function<bool(const std::string& name)> has = {};
  std::shared_ptr<inference::ModelHost> host = nullptr;  // runs them
};
inline constexpr const char* kLocalProvider = "local";

struct PlacesOptions {
  providers::ProviderTable table = {};
  std::shared_ptr<catalog::Catalog> catalog = nullptr;  // null: only names with a provider, and local ones. Not shared
                                                        // with other threads while the Places live
  core::Environment environment = {};
  LocalModels local = {};
  std::shared_ptr<net::HttpClient> client = nullptr;  // shared with everybody who asks over HTTP
};

class Places : public EndpointSource, public EndpointCaller {
 public:
  explicit Places(PlacesOptions options);

  Result<std::vector<Endpoint>> endpoints(const std::string& model) override;
  // The provider that a name begins with, and the rest; null where it begins with none.
  const providers::Provider* provider_in(const std::string& name, std::string& model) const;

  providers::UpstreamResult<providers::Answer> generate(const Endpoint& endpoint, int key,
                                                        const inference::GenerateRequest& request,
                                                        const inference::EventSink& sink,
                                                        std::stop_token stop) override;
  providers::UpstreamResult<providers::Embedded> embed(const Endpoint& endpoint, int key,
                                                       const inference::EmbedRequest& request,
                                                       std::stop_token stop) override;

 private:
  struct Open {
    std::shared_ptr<const providers::Upstream> upstream;
    std::vector<std::string> keys;
  };
  providers::UpstreamResult<Open> open(const std::string& provider);
  Endpoint endpoint_of(const providers::Provider& provider, std::string model) const;
  Result<std::vector<Endpoint>> from_catalog(const std::string& model);
  void take_prices(Endpoint& endpoint, const catalog::ModelCard& card) const;

  struct Remembered {
    std::vector<Endpoint> endpoints;
    std::chrono::steady_clock::time_point when;
  };
  Result<std::vector<Endpoint>> hosted(const std::string& model);
  Result<std::vector<Endpoint>> look_up(const std::string& model);

  PlacesOptions options_;
  std::mutex mutex_;
  std::map<std::string, Remembered, std::less<>> remembered_;  // guarded by mutex_
  std::map<std::string, Open, std::less<>> open_;              // guarded by mutex_, with the catalog
};

// The offer of a catalog entry under the name by which its provider calls the model: {"models.dev",
// "groq/llama-3.1-8b-instant"} of "groq" → "llama-3.1-8b-instant". Empty where the entry is not the provider's own.
std::string model_at(const providers::Provider& provider, const catalog::ServedOffer& served);

}  // namespace zubr::router
