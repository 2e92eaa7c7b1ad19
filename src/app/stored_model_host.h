// The user's models as a ModelHost: names from the store, models in a pool that loads and unloads them.
//
// Paths are no names here: whoever asks may be a stranger. Threads: as ModelHost.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "engine/pool/model_pool.h"
#include "inference/model_host.h"
#include "models/model_store.h"

namespace zubr::app {

class StoredModelHost : public inference::ModelHost {
 public:
  struct Options {
    explicit Options(models::ModelStore the_store) : store(std::move(the_store)) {}

    models::ModelStore store;
    std::optional<models::ResolvedModel> model = {};       // what no name means; none: the store's shipped one
    std::shared_ptr<inference::Backend> loaded = nullptr;  // that model, which then stays; null: not loaded yet
    std::function<Result<std::shared_ptr<inference::Backend>>(const models::ResolvedModel&, int context_tokens,
                                                              std::stop_token)>
        open = {};
    int context_tokens = 0;    // of every model that is loaded; 0: its own
    int parallel = 1;          // generations of a model at the same time
    bool packed = false;       // ModelOptions::compute keeps weights a second time
    std::uint64_t memory = 0;  // of the process, at most; 0: no limit
    std::uint64_t machine_memory = 0;
    engine::KeepAlive keep_alive = std::chrono::minutes(5);
    std::set<std::string> pinned = {};
  };

  // kNotFound for a pinned name that is none.
  static Result<std::unique_ptr<StoredModelHost>> open(Options options);
  ~StoredModelHost() override;

  Result<std::shared_ptr<inference::Backend>> borrow(const inference::ModelWish& wish, std::stop_token stop) override;
  Result<std::string> resolve(const std::string& name) const override;
  std::vector<inference::LoadedModel> loaded() const override;
  bool unload(const std::string& name) override;
  void on_unload(std::function<void(const inference::Backend&)> listener) override;

 private:
  explicit StoredModelHost(Options options);
  Result<models::ResolvedModel> find(const std::string& name) const;
  Result<std::shared_ptr<inference::Backend>> load(const engine::PoolOptions::Wanted& wanted, std::stop_token stop);
  Result<std::uint64_t> need(const engine::PoolOptions::Wanted& wanted) const;

  Options options_;  // `loaded` is taken by the first load, which start() makes
  std::unique_ptr<engine::ModelPool> pool_;
};

}  // namespace zubr::app
