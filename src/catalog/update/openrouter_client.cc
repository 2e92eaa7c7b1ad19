// OpenRouter: GET /models, most popular first, and for each model GET /models/{author}/{slug}/endpoints: who serves it,
// at what price, how fast. GET /endpoints/zdr says which of them keep nothing of what is sent.
#include <set>

#include "catalog/sources/importers.h"
#include "catalog/update/listed_pages.h"
#include "net/url.h"

namespace zubr::catalog {
namespace {

class OpenRouterModels : public SourceClient {
 public:
  explicit OpenRouterModels(const UpdateSites& sites) : base_(sites.openrouter) {}
  SourceInfo info() const override {
    return {.name = "openrouter", .url = base_ + "/models", .date = {}, .license = {}};
  }
  std::string first() const override { return base_ + "/models?sort=most-popular"; }
  PageRequest request(const std::string& position) const override {
    return {.url = position, .setting = "catalog.openrouter_url"};
  }
  Result<Facts> read(const std::string&, const net::HttpResponse& answer) const override {
    ZUBR_TRY(facts, import_openrouter_models(answer.body));
    take_ranks(facts);
    return facts;
  }

 private:
  // A server that does not know this order sends the newest first; then nobody says what is popular.
  static void take_ranks(Facts& facts) {
    const auto newer = [](const ModelFact& a, const ModelFact& b) { return a.created > b.created; };
    if (facts.models.size() < 3 || std::ranges::is_sorted(facts.models, newer)) return;
    std::int64_t rank = 0;
    for (ModelFact& fact : facts.models) fact.rank = ++rank;
  }

  std::string base_;
};

class OpenRouterEndpoints : public ListedPages {
 public:
  OpenRouterEndpoints(const UpdateSites& sites, std::vector<std::string> models) : base_(sites.openrouter) {
    set_names(std::move(models));
  }
  SourceInfo info() const override {
    return {
        .name = "openrouter-endpoints", .url = base_ + "/models/{author}/{slug}/endpoints", .date = {}, .license = {}};
  }
  Result<void> prepare(const Fetch& fetch) override {
    // Servers that speak the protocol may lack this list; then retention stays unknown.
    const auto answer = fetch({.url = base_ + "/endpoints/zdr", .setting = "catalog.openrouter_url"});
    if (!answer && answer.error().code() == ErrorCode::kNotFound) return {};
    if (!answer) return fail(answer.error());
    ZUBR_TRY(keeping_nothing, import_openrouter_zdr(answer->body));
    keeping_nothing_ = {keeping_nothing.begin(), keeping_nothing.end()};
    return {};
  }
  PageRequest request(const std::string& position) const override {
    return {.url = fmt::format("{}/models/{}/endpoints", base_, net::percent_encode_path(position)),
            .setting = "catalog.openrouter_url"};
  }
  Result<Facts> read(const std::string&, const net::HttpResponse& answer) const override {
    ZUBR_TRY(facts, import_openrouter_endpoints(answer.body));
    for (ModelFact& fact : facts.models)
      for (Offer& offer : fact.offers)
        if (!offer.retains && keeping_nothing_.contains({fact.address.name, offer.provider, offer.tag}))
          offer.retains = false;
    return facts;
  }
  bool may_miss() const override { return true; }

 private:
  std::string base_;
  std::set<OfferName> keeping_nothing_;
};

}  // namespace

std::unique_ptr<SourceClient> openrouter_client(const UpdateSites& sites) {
  return std::make_unique<OpenRouterModels>(sites);
}
std::unique_ptr<SourceClient> openrouter_endpoints_client(const UpdateSites& sites, std::vector<std::string> models) {
  return std::make_unique<OpenRouterEndpoints>(sites, std::move(models));
}

}  // namespace zubr::catalog
