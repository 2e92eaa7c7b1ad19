// The Ollama library, which has no interface but its pages: GET /library lists models, GET /library/{model}/tags their
// tags with sizes. Where a page of tags says nothing, the registry's manifest of the latest says how large that is.
#include <map>

#include "catalog/sources/ollama_pages.h"
#include "catalog/update/listed_pages.h"
#include "net/url.h"

namespace zubr::catalog {
namespace {

class OllamaLibrary : public ListedPages {
 public:
  explicit OllamaLibrary(const UpdateSites& sites) : site_(sites.ollama), registry_(sites.ollama_registry) {}

  SourceInfo info() const override { return {.name = "ollama", .url = site_ + "/library", .date = {}, .license = {}}; }
  Result<void> prepare(const Fetch& fetch) override {
    fetch_ = fetch;
    ZUBR_TRY(
        answer,
        fetch({.url = site_ + "/library?sort=popular", .kind = DocumentKind::kHtml, .setting = "catalog.ollama_url"}));
    ZUBR_TRY(entries, read_ollama_library(answer.body));
    std::vector<std::string> names;
    for (OllamaEntry& entry : entries) {
      names.push_back(entry.name);
      entries_.emplace(entry.name, std::move(entry));
    }
    set_names(std::move(names));
    return {};
  }
  PageRequest request(const std::string& position) const override {
    return {.url = fmt::format("{}/library/{}/tags", site_, net::percent_encode(position)),
            .kind = DocumentKind::kHtml,
            .setting = "catalog.ollama_url"};
  }
  Result<Facts> read(const std::string& position, const net::HttpResponse& answer) const override {
    const auto entry = entries_.find(position);
    if (entry == entries_.end()) return Facts{};
    Facts facts = import_ollama_tags(entry->second, answer.body);
    if (!facts.models.empty() || !fetch_) return facts;
    const auto manifest =
        fetch_({.url = fmt::format("{}/v2/library/{}/manifests/latest", registry_, net::percent_encode(position)),
                .headers = {{"Accept", "application/vnd.docker.distribution.manifest.v2+json"}},
                .setting = "models.ollama_registry"});
    // A model of the cloud alone has no manifest.
    if (!manifest && manifest.error().code() == ErrorCode::kCancelled) return fail(manifest.error());
    if (manifest)
      if (const auto bytes = import_ollama_manifest(entry->second, manifest->body)) return *bytes;
    ++facts.skipped;
    return facts;
  }
  bool may_miss() const override { return true; }

 private:
  std::string site_, registry_;
  std::map<std::string, OllamaEntry> entries_;
  Fetch fetch_;
};

}  // namespace

std::unique_ptr<SourceClient> ollama_client(const UpdateSites& sites) { return std::make_unique<OllamaLibrary>(sites); }

}  // namespace zubr::catalog
