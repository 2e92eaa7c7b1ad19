#include "engine/pool/model_pool.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "core/machine.h"

namespace zubr::engine {

using inference::Backend;

struct ModelPool::State {
  struct Load {
    std::optional<core::Error> error;
    bool over = false;
    int waiting = 0;
  };

  explicit State(PoolOptions wanted) : options(std::move(wanted)) {
    if (!options.clock) options.clock = std::make_shared<core::SystemClock>();
  }

  Result<std::shared_ptr<Backend>> borrow(const inference::ModelWish& wish, std::stop_token stop);
  Result<bool> wait_for_load(std::unique_lock<std::mutex>& lock, const std::shared_ptr<Load>& load,
                             std::stop_token stop);
  Result<void> load(std::unique_lock<std::mutex>& lock, const PoolOptions::Wanted& wanted, KeepAlive keep_alive,
                    std::stop_token stop);
  Result<void> make_room(std::unique_lock<std::mutex>& lock, const std::string& name, std::uint64_t need,
                         std::stop_token stop);
  std::shared_ptr<Backend> lend(const std::string& name, std::optional<KeepAlive> keep_alive);
  void release(const std::string& name, std::optional<KeepAlive> keep_alive);
  void drop(std::unique_lock<std::mutex>& lock, const std::string& name);
  void unload_expired();
  void end(std::shared_ptr<Backend> backend);

  PoolOptions options;
  std::mutex listener_mutex;  // held while it is called; never with `mutex`
  std::function<void(const Backend&)> listener;
  mutable std::mutex mutex;
  std::condition_variable_any changed;
  PoolLedger ledger;                                         // guarded by mutex, as what follows
  std::map<std::string, std::shared_ptr<Backend>> backends;  // of the ledger's entries
  std::map<std::string, std::shared_ptr<Load>> loads;        // shared by who loads and who waits for it
  bool busy = false;                                         // one loads, or makes room to
  std::jthread keeper;
};

// True: it was loaded. False: look again.
Result<bool> ModelPool::State::wait_for_load(std::unique_lock<std::mutex>& lock, const std::shared_ptr<Load>& load,
                                             std::stop_token stop) {
  ++load->waiting;
  changed.wait(lock, stop, [&] { return load->over; });
  --load->waiting;
  if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
  if (load->error && load->error->code() != ErrorCode::kCancelled) return fail(*load->error);
  return !load->error;
}

void ModelPool::State::end(std::shared_ptr<Backend> backend) {
  const std::lock_guard lock(listener_mutex);
  if (listener) listener(*backend);
  backend.reset();
  core::release_free_memory();  // or what is measured next would still have it
}

// Unloads a model that nobody uses. The lock is open while its memory is given back.
void ModelPool::State::drop(std::unique_lock<std::mutex>& lock, const std::string& name) {
  ledger.remove(name);
  auto gone = backends.extract(name);
  lock.unlock();
  if (!gone.empty()) end(std::move(gone.mapped()));
  lock.lock();
  changed.notify_all();
}

Result<void> ModelPool::State::make_room(std::unique_lock<std::mutex>& lock, const std::string& name,
                                         std::uint64_t need, std::stop_token stop) {
  while (options.memory > 0) {
    lock.unlock();
    const std::uint64_t used = options.measure();
    lock.lock();
    if (used + need <= options.memory) return {};
    if (const auto victim = ledger.victim()) {
      drop(lock, *victim);
      continue;
    }
    if (!ledger.may_get_room())
      return fail(ErrorCode::kOutOfMemory,
                  "the model '{}' needs about {} MiB; {} of {} MiB are in use, by models that stay and the program. "
                  "Allow more memory, or take a smaller model or context",
                  name, need >> 20, used >> 20, options.memory >> 20);
    changed.wait(lock, stop, [&] { return ledger.victim() || !ledger.may_get_room(); });
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
  }
  return {};
}

Result<void> ModelPool::State::load(std::unique_lock<std::mutex>& lock, const PoolOptions::Wanted& wanted,
                                    KeepAlive keep_alive, std::stop_token stop) {
  changed.wait(lock, stop, [&] { return !busy; });
  if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
  busy = true;
  struct Idle {
    State& state;
    ~Idle() {
      state.busy = false;
      state.changed.notify_all();
    }
  } idle{*this};
  lock.unlock();
  auto need = options.estimate(wanted);
  lock.lock();
  if (!need) return fail(need.error());
  ZUBR_CHECK(make_room(lock, wanted.name, *need, stop));
  lock.unlock();
  const std::uint64_t before = options.measure();
  auto opened = options.open(wanted, stop);
  const std::uint64_t after = options.measure();
  // A model may have less than was asked for because it has no more: it is not loaded again for that.
  const int context = opened ? std::max((*opened)->info().context_tokens, wanted.context_tokens) : 0;
  lock.lock();
  if (!opened) return fail(opened.error());
  // Weights that are mapped come into memory as they are used: at least what was expected counts.
  const std::uint64_t bytes = std::max(after > before ? after - before : 0, *need);
  ledger.add(wanted.name, {.bytes = bytes, .context_tokens = context, .pinned = options.pinned.contains(wanted.name)},
             options.clock->now(), keep_alive);
  backends[wanted.name] = *std::move(opened);
  return {};
}

std::shared_ptr<Backend> ModelPool::State::lend(const std::string& name, std::optional<KeepAlive> keep_alive) {
  ledger.use(name);
  return {backends.at(name).get(), [this, name, keep_alive](Backend*) { release(name, keep_alive); }};
}

void ModelPool::State::release(const std::string& name, std::optional<KeepAlive> keep_alive) {
  std::unique_lock lock(mutex);
  if (ledger.release(name, options.clock->now(), keep_alive)) drop(lock, name);
  changed.notify_all();
}

Result<std::shared_ptr<Backend>> ModelPool::State::borrow(const inference::ModelWish& wish, std::stop_token stop) {
  const PoolOptions::Wanted wanted{wish.name.empty() ? options.default_name : wish.name, wish.context_tokens};
  if (wanted.name.empty()) return fail(ErrorCode::kInvalidArgument, "no model is named, and there is no default one");
  std::unique_lock lock(mutex);
  while (true) {
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
    if (const auto loading = loads.find(wanted.name); loading != loads.end()) {
      ZUBR_CHECK(wait_for_load(lock, std::shared_ptr<Load>(loading->second), stop));
      continue;
    }
    if (const PoolEntry* entry = ledger.find(wanted.name)) {
      const bool fits = wanted.context_tokens <= entry->context_tokens || entry->context_tokens == 0;
      if (fits && !entry->leaving) return lend(wanted.name, wish.keep_alive);
      if (ledger.leave(wanted.name)) {
        drop(lock, wanted.name);
      } else {
        changed.wait(lock, stop, [&] { return ledger.find(wanted.name) == nullptr; });
      }
      continue;
    }
    const auto load_state = std::make_shared<Load>();
    loads[wanted.name] = load_state;
    const auto done = load(lock, wanted, wish.keep_alive.value_or(options.keep_alive), stop);
    if (!done) load_state->error = done.error();
    load_state->over = true;
    loads.erase(wanted.name);
    changed.notify_all();
    if (!done) return fail(done.error());
    return lend(wanted.name, wish.keep_alive);
  }
}

void ModelPool::State::unload_expired() {
  std::unique_lock lock(mutex);
  const auto now = options.clock->now();
  for (const std::string& name : ledger.expired(now)) {
    // The lock was open while the one before it went.
    const PoolEntry* entry = ledger.find(name);
    if (entry && entry->users == 0 && entry->expires && *entry->expires <= now) drop(lock, name);
  }
}

ModelPool::ModelPool(PoolOptions options) : state_(std::make_unique<State>(std::move(options))) {
  if (!state_->options.unloads_by_itself) return;
  state_->keeper = std::jthread([state = state_.get()](std::stop_token stop) {
    while (!stop.stop_requested()) {
      {
        std::unique_lock lock(state->mutex);
        const auto next = state->ledger.next_expiry();
        const auto news = [&] { return state->ledger.next_expiry() != next; };
        if (next) {
          state->changed.wait_until(lock, stop, *next, news);
        } else {
          state->changed.wait(lock, stop, news);
        }
      }
      state->unload_expired();
    }
  });
}

ModelPool::~ModelPool() {
  state_->keeper.request_stop();
  if (state_->keeper.joinable()) state_->keeper.join();
}

Result<std::shared_ptr<Backend>> ModelPool::borrow(const inference::ModelWish& wish, std::stop_token stop) {
  return state_->borrow(wish, stop);
}

std::vector<inference::LoadedModel> ModelPool::loaded() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<inference::LoadedModel> all;
  for (const auto& [name, entry] : state_->ledger.entries()) {
    inference::ModelInfo info = state_->backends.at(name)->info();
    info.name = name;
    all.push_back({.info = std::move(info),
                   .bytes = entry.bytes,
                   .users = entry.users,
                   .pinned = entry.pinned,
                   .expires = entry.expires});
  }
  for (const auto& [name, load] : state_->loads) {
    inference::ModelInfo info;
    info.name = name;
    all.push_back({.info = std::move(info), .users = load->waiting, .loading = true});
  }
  return all;
}

bool ModelPool::is_loaded(const std::string& name) const {
  const std::lock_guard lock(state_->mutex);
  return state_->ledger.find(name) != nullptr;
}

bool ModelPool::unload(const std::string& name) {
  std::unique_lock lock(state_->mutex);
  if (state_->ledger.find(name) == nullptr) return false;
  if (state_->ledger.leave(name)) state_->drop(lock, name);
  return true;
}

Result<std::string> ModelPool::resolve(const std::string& name) const {
  return name.empty() ? state_->options.default_name : name;
}

void ModelPool::on_unload(std::function<void(const Backend&)> listener) {
  const std::lock_guard lock(state_->listener_mutex);
  state_->listener = std::move(listener);
}

void ModelPool::unload_expired() { state_->unload_expired(); }

}  // namespace zubr::engine
