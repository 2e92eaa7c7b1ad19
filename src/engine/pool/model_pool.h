// ModelPool: several models at once, loaded when they are asked for, unloaded when they were not for a while or when
// their memory is needed.
//
//   ModelPool pool(options);                       // options.open: how a name becomes a Backend
//   ZUBR_TRY(backend, pool.borrow({.name = "bielik"}, stop));
//   backend->generate(…);                          // not unloaded while `backend` is held
//
// Memory is measured, not counted: before a model is loaded, others are unloaded one after the other until what the
// process really has (options.measure) and what the model is expected to need are within options.memory. What it took
// is measured again when it is there. Loads run one at a time. Who asks for a model that is being loaded waits for that
// load, and gets its error if it fails; when the one who loads goes away, the next one who waits loads instead.
// A model with a larger context than is asked for is used as it is; for a larger one it is loaded again, as soon as
// nobody uses it.
//
// Threads: every method from any thread; borrow() loads on the caller's. A thread of its own unloads what is unused.
// Ownership: a borrowed Backend must be let go before the pool ends.
#pragma once

#include <functional>
#include <set>

#include "core/clock.h"
#include "engine/pool/pool_ledger.h"
#include "inference/model_host.h"

namespace zubr::engine {

struct PoolOptions {
  struct Wanted {
    std::string name;
    int context_tokens = 0;
  };
  // Loads a model; kCancelled when stopped.
  std::function<Result<std::shared_ptr<inference::Backend>>(const Wanted&, std::stop_token)> open;
  // What it will need, before it is there: the file and the cache. Errors (kNotFound …) end the borrowing.
  std::function<Result<std::uint64_t>(const Wanted&)> estimate;
  std::function<std::uint64_t()> measure;  // memory of the process now
  std::string default_name = {};
  std::uint64_t memory = 0;                        // of the process, at most; 0: no limit
  KeepAlive keep_alive = std::chrono::minutes(5);  // of who says nothing of it, as the first to ask for a model
  std::set<std::string> pinned = {};               // stay when they are loaded
  std::shared_ptr<core::Clock> clock = nullptr;    // shared with tests; null: the system's
  bool unloads_by_itself = true;                   // false: only unload_expired() does
};

class ModelPool : public inference::ModelHost {
 public:
  explicit ModelPool(PoolOptions options);
  ~ModelPool() override;
  ModelPool(const ModelPool&) = delete;
  ModelPool& operator=(const ModelPool&) = delete;

  Result<std::shared_ptr<inference::Backend>> borrow(const inference::ModelWish& wish, std::stop_token stop) override;
  // The name as it is, or the default one; whether there is such a model is found out when it is borrowed.
  Result<std::string> resolve(const std::string& name) const override;
  std::vector<inference::LoadedModel> loaded() const override;
  bool is_loaded(const std::string& name) const;
  bool unload(const std::string& name) override;
  void on_unload(std::function<void(const inference::Backend&)> listener) override;

  void unload_expired();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace zubr::engine
