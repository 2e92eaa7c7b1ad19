// Price maps that are one document each: LiteLLM's model_prices_and_context_window.json and models.dev's api.json.
#include "catalog/sources/importers.h"
#include "catalog/update/source_client.h"

namespace zubr::catalog {
namespace {

using Import = Result<Facts> (*)(std::string_view);

class OneDocument : public SourceClient {
 public:
  OneDocument(std::string name, std::string url, std::string license, std::string setting, Import import)
      : info_{.name = std::move(name), .url = std::move(url), .date = {}, .license = std::move(license)},
        setting_(std::move(setting)),
        import_(import) {}
  SourceInfo info() const override { return info_; }
  std::string first() const override { return info_.url; }
  PageRequest request(const std::string& position) const override { return {.url = position, .setting = setting_}; }
  Result<Facts> read(const std::string&, const net::HttpResponse& answer) const override {
    return import_(answer.body);
  }

 private:
  SourceInfo info_;
  std::string setting_;
  Import import_;
};

}  // namespace

std::unique_ptr<SourceClient> litellm_client(const UpdateSites& sites) {
  return std::make_unique<OneDocument>("litellm", sites.litellm, "MIT", "catalog.litellm_url", &import_litellm);
}
std::unique_ptr<SourceClient> models_dev_client(const UpdateSites& sites) {
  return std::make_unique<OneDocument>("models.dev", sites.models_dev, "MIT", "catalog.models_dev_url",
                                       &import_models_dev);
}

}  // namespace zubr::catalog
