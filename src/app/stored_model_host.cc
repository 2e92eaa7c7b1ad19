#include "app/stored_model_host.h"

#include <algorithm>
#include <utility>

#include "core/log.h"
#include "core/machine.h"
#include "engine/pool/memory_need.h"
#include "formats/gguf_header.h"

namespace zubr::app {

using engine::ModelPool;
using engine::PoolOptions;
using inference::Backend;

namespace {

constexpr std::string_view kLatest = ":latest";

std::string without_latest(std::string_view name) {
  if (name.ends_with(kLatest)) name.remove_suffix(kLatest.size());
  return std::string(name);
}

}  // namespace

Result<std::unique_ptr<StoredModelHost>> StoredModelHost::open(Options options) {
  std::unique_ptr<StoredModelHost> host(new StoredModelHost(std::move(options)));
  Options& own = host->options_;
  std::set<std::string> pinned;
  for (const std::string& name : own.pinned) {
    ZUBR_TRY(resolved, host->resolve(name));
    pinned.insert(std::move(resolved));
  }
  const bool has_first = own.loaded && own.model;
  if (has_first) pinned.insert(own.model->name);
  PoolOptions pool;
  pool.open = [raw = host.get()](const PoolOptions::Wanted& wanted, std::stop_token stop) {
    return raw->load(wanted, std::move(stop));
  };
  pool.estimate = [raw = host.get()](const PoolOptions::Wanted& wanted) { return raw->need(wanted); };
  pool.measure = core::resident_bytes;
  pool.memory = own.memory;
  pool.keep_alive = own.keep_alive;
  pool.pinned = std::move(pinned);
  host->pool_ = std::make_unique<ModelPool>(std::move(pool));
  if (has_first) ZUBR_CHECK(host->borrow({.name = own.model->name}, {}));
  return host;
}

StoredModelHost::StoredModelHost(Options options) : options_(std::move(options)) {}
StoredModelHost::~StoredModelHost() = default;

Result<models::ResolvedModel> StoredModelHost::find(const std::string& name) const {
  if (options_.model && options_.model->name == name) return *options_.model;
  ZUBR_TRY(entry, options_.store.find(name));
  if (entry.missing) return fail(ErrorCode::kNotFound, "the file of model '{}' is gone", entry.name);
  return models::ResolvedModel{entry.file, entry.name, entry.projector, std::move(entry.recipe)};
}

Result<std::string> StoredModelHost::resolve(const std::string& name) const {
  const std::string usual = options_.model ? options_.model->name : options_.store.shipped_name();
  if (name.empty() && usual.empty())
    return fail(ErrorCode::kInvalidArgument, "no model is named, and this server has none that it takes then");
  const std::string plain = without_latest(name);
  if (name.empty() || name == usual || plain == usual) return usual;
  if (pool_ && pool_->is_loaded(name)) return name;
  auto entry = options_.store.find(name);
  if (!entry && plain != name) {
    if (auto found = options_.store.find(plain)) entry = std::move(found);
  }
  if (entry) return entry->name;
  // A name that no model can have is of none.
  if (entry.error().code() == ErrorCode::kInvalidArgument)
    return fail(ErrorCode::kNotFound, "model '{}' is not here (see /v1/models)", name);
  return fail(std::move(entry).error());
}

Result<std::shared_ptr<Backend>> StoredModelHost::load(const PoolOptions::Wanted& wanted, std::stop_token stop) {
  if (options_.model && options_.model->name == wanted.name && options_.loaded)
    return std::exchange(options_.loaded, nullptr);
  ZUBR_TRY(model, find(wanted.name));
  const auto begun = std::chrono::steady_clock::now();
  const int context = wanted.context_tokens > 0 ? wanted.context_tokens : options_.context_tokens;
  ZUBR_TRY(backend, options_.open(model, context, stop));
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begun;
  core::log_info("loaded '{}' in {:.2f} s", model.name, time.count());
  return backend;
}

Result<std::uint64_t> StoredModelHost::need(const PoolOptions::Wanted& wanted) const {
  ZUBR_TRY(model, find(wanted.name));
  const int context = wanted.context_tokens > 0 ? wanted.context_tokens : options_.context_tokens;
  ZUBR_TRY(bytes, engine::memory_need(
                      model.file, {.context_tokens = context, .parallel = options_.parallel, .packed = options_.packed},
                      options_.machine_memory));
  std::error_code ignored;
  const auto projector = model.projector.empty() ? 0 : std::filesystem::file_size(model.projector, ignored);
  return bytes + (ignored ? 0 : projector);
}

Result<std::shared_ptr<Backend>> StoredModelHost::borrow(const inference::ModelWish& wish, std::stop_token stop) {
  ZUBR_TRY(name, resolve(wish.name));
  inference::ModelWish known = wish;
  if (wish.context_tokens > 0) {  // never more than it was trained for
    ZUBR_TRY(model, find(name));
    ZUBR_TRY(header, formats::read_gguf_header(model.file));
    const std::int64_t trained = header.context_length().value_or(wish.context_tokens);
    known.context_tokens = static_cast<int>(std::min<std::int64_t>(wish.context_tokens, trained));
  }
  known.name = std::move(name);
  return pool_->borrow(known, std::move(stop));
}

std::vector<inference::LoadedModel> StoredModelHost::loaded() const { return pool_->loaded(); }
bool StoredModelHost::unload(const std::string& name) { return pool_->unload(name); }
void StoredModelHost::on_unload(std::function<void(const Backend&)> listener) { pool_->on_unload(std::move(listener)); }

}  // namespace zubr::app
