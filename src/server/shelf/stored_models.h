// The user's models (models::ModelStore and its blobs) as a ModelShelf.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "models/model_store.h"
#include "models/pull.h"
#include "net/http_client.h"
#include "server/model_shelf.h"

namespace zubr::server {

class StoredModels : public ModelShelf {
 public:
  struct Options {
    std::filesystem::path home;                   // $ZUBR_HOME
    std::optional<models::ShippedModel> shipped;  // the model inside the program
    models::PullOptions pull;
    net::HttpOptions http;
  };
  explicit StoredModels(Options options);

  Result<std::vector<ShelfModel>> list() override;
  Result<ShelfModel> find(std::string_view name) override;
  Result<std::vector<std::pair<std::string, std::string>>> facts(std::string_view name) override;
  Result<std::string> chat_template(std::string_view name) override;
  Result<ShelfUse> use(std::string_view name) override;
  Result<void> copy(std::string_view source, const std::string& destination) override;
  Result<void> remove(std::string_view name, std::stop_token stop) override;
  Result<void> pull(std::string_view reference, const std::function<void(const ShelfPullProgress&)>& progress,
                    std::stop_token stop) override;
  Result<std::vector<std::string>> create(const ShelfRecipe& recipe, std::stop_token stop) override;
  Result<void> push(std::string_view name, std::string_view reference,
                    const std::function<void(const ShelfPushProgress&)>& progress, std::stop_token stop) override;
  Result<bool> has_blob(std::string_view digest) override;
  Result<void> put_blob(std::string_view digest, std::string_view bytes, std::stop_token stop) override;

 private:
  Result<models::ModelEntry> entry(std::string_view name) const;

  const Options options_;
  const models::ModelStore store_;
};

}  // namespace zubr::server
