#include "models/fetch/download_run.h"

#include <algorithm>

namespace zubr::models {
namespace {

// The hash is woken for pieces worth reading, not for every write.
constexpr std::uint64_t kHashPiece = 1 << 20;

}  // namespace

void DownloadRun::set_up(std::optional<std::uint64_t> size, std::string validator, ByteRanges done,
                         std::vector<Span> parts) {
  const std::lock_guard lock(mutex_);
  state_.size = size;
  state_.validator = std::move(validator);
  state_.done = std::move(done);
  parts_.assign(parts.begin(), parts.end());
}

std::optional<Span> DownloadRun::next_part() {
  const std::lock_guard lock(mutex_);
  if (parts_.empty() || taken_ || state_.failure) return std::nullopt;
  const Span part = parts_.front();
  parts_.pop_front();
  return part;
}

bool DownloadRun::take_all() {
  const std::lock_guard lock(mutex_);
  return !std::exchange(taken_, true);
}

bool DownloadRun::taken() const {
  const std::lock_guard lock(mutex_);
  return taken_;
}

Result<void> DownloadRun::store(std::uint64_t offset, std::string_view bytes) {
  std::vector<Span> gaps;
  {
    const std::lock_guard lock(mutex_);
    if (state_.size && (offset > *state_.size || bytes.size() > *state_.size - offset))
      return fail(ErrorCode::kCorrupt, "{} is larger than the {} bytes that were declared; what came was removed",
                  request.name, *state_.size);
    gaps = state_.done.missing({offset, offset + bytes.size()});
  }
  for (const Span& gap : gaps) {
    ZUBR_CHECK(partial.write(gap.first, bytes.substr(gap.first - offset, gap.size())));
    const std::lock_guard lock(mutex_);
    const std::uint64_t before = state_.done.prefix();
    state_.done.add(gap);
    state_.fetched += gap.size();
    since_checkpoint_ += gap.size();
    const std::uint64_t prefix = state_.done.prefix();
    if (prefix / kHashPiece != before / kHashPiece || state_.whole()) grown_.notify_all();
    if (since_checkpoint_ >= options.checkpoint_bytes) changed_.notify_all();
  }
  return {};
}

void DownloadRun::end_at(std::uint64_t size) {
  const std::lock_guard lock(mutex_);
  if (!state_.size) state_.size = size;
  grown_.notify_all();
}

std::uint64_t DownloadRun::first_missing(Span part) const {
  const std::lock_guard lock(mutex_);
  const auto gaps = state_.done.missing(part);
  return gaps.empty() ? part.end : gaps.front().first;
}

void DownloadRun::fail_with(Error error) {
  {
    const std::lock_guard lock(mutex_);
    if (!state_.failure) state_.failure = std::move(error);
  }
  abort.request_stop();
}

void DownloadRun::begin_connections(int count) {
  const std::lock_guard lock(mutex_);
  state_.connections = count;
}

void DownloadRun::finish_connection() {
  const std::lock_guard lock(mutex_);
  --state_.connections;
  changed_.notify_all();
}

std::optional<std::string> DownloadRun::location(std::size_t source) const {
  const std::lock_guard lock(mutex_);
  return source < locations_.size() ? locations_[source] : std::nullopt;
}

void DownloadRun::set_location(std::size_t source, std::optional<std::string> url) {
  const std::lock_guard lock(mutex_);
  if (locations_.size() <= source) locations_.resize(source + 1);
  locations_[source] = std::move(url);
}

DownloadRun::State DownloadRun::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

std::optional<std::uint64_t> DownloadRun::size() const {
  const std::lock_guard lock(mutex_);
  return state_.size;
}

std::string DownloadRun::validator() const {
  const std::lock_guard lock(mutex_);
  return state_.validator;
}

void DownloadRun::wait_for_change(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience,
                    [&] { return state_.connections == 0 || since_checkpoint_ >= options.checkpoint_bytes; });
}

void DownloadRun::checkpoint_written() {
  const std::lock_guard lock(mutex_);
  since_checkpoint_ = 0;
}

std::uint64_t DownloadRun::wait_for_prefix(std::uint64_t hashed, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  grown_.wait(lock, stop, [&] {
    const std::uint64_t prefix = state_.done.prefix();
    return prefix >= hashed + kHashPiece || (prefix > hashed && state_.size == prefix) ||
           (state_.size && *state_.size == hashed);
  });
  return state_.done.prefix();
}

}  // namespace zubr::models
