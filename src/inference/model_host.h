// ModelHost: Backends by the name of their model. Whoever wants to run a model borrows its Backend for as long as a
// call runs; the host loads what is asked for and unloads what nobody uses. engine/pool/model_pool.h is the real one.
//
// Threads: every method from any thread at once.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "inference/backend.h"

namespace zubr::inference {

struct ModelWish {
  std::string name;        // empty: the host's own default
  int context_tokens = 0;  // at least; 0: any. A model that has more already is not loaded again
  // How long the model stays after its last use, as that use says; negative: for ever, 0: it goes at once. None: as the
  // host is set.
  std::optional<std::chrono::milliseconds> keep_alive = {};
};

struct LoadedModel {
  ModelInfo info;           // of one that is loading: the name only
  std::uint64_t bytes = 0;  // of memory that came with it, as measured
  int users = 0;            // who hold it, or wait for it while it is loading
  bool pinned = false;
  bool loading = false;
  // None: it stays.
  std::optional<std::chrono::steady_clock::time_point> expires = {};
};

class ModelHost {
 public:
  virtual ~ModelHost() = default;

  // The Backend, loaded. While it is held the model is not unloaded; hold it no longer than the call runs. Errors of
  // loading, to everyone who waited for it; kNotFound for a name that is none; kOutOfMemory when it does not fit beside
  // what is pinned; kCancelled; kTimeout never.
  virtual Result<std::shared_ptr<Backend>> borrow(const ModelWish& wish, std::stop_token stop) = 0;

  // Which model a name means, as loaded() calls it: "llama3:latest" → "llama3". Empty: the default one. kNotFound.
  virtual Result<std::string> resolve(const std::string& name) const = 0;

  virtual std::vector<LoadedModel> loaded() const = 0;
  // As soon as nobody uses it. The name as resolve() gives it. False: it is not loaded.
  virtual bool unload(const std::string& name) = 0;

  // `listener` is called with a Backend that is about to go, which nobody holds any more; from any thread, and it must
  // not call the host. Null: nobody listens. When this returns, the one before is not running and never will be.
  virtual void on_unload(std::function<void(const Backend&)> listener) = 0;
};

}  // namespace zubr::inference
