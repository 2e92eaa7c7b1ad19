#include "models/fetch/download.h"

#include <algorithm>
#include <future>
#include <thread>

#include "models/fetch/download_run.h"
#include "models/fetch/part_fetcher.h"
#include "models/fetch/probe.h"

namespace zubr::models {
namespace {

constexpr std::chrono::milliseconds kReportEvery{100};
constexpr std::size_t kHashBuffer = 1 << 20;

// Reads back what has arrived from the beginning on, also what an earlier process left: the hash is of the file.
Result<Digest> hash_as_it_grows(DownloadRun& run) {
  const std::stop_token stop = run.abort.get_token();
  Sha256 hash;
  std::vector<char> buffer(kHashBuffer);
  for (std::uint64_t at = 0;;) {
    const std::uint64_t prefix = run.wait_for_prefix(at, stop);
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped while hashing {}", run.request.name);
    if (run.size() == at) return hash.finish();
    while (at < prefix && !stop.stop_requested()) {
      const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), prefix - at));
      ZUBR_CHECK(run.partial.read(at, std::span(buffer).first(piece)));
      hash.update({buffer.data(), piece});
      at += piece;
    }
  }
}

class Download {
 public:
  Download(net::HttpClient& client, const BlobStore& store, const DownloadRequest& request,
           const DownloadOptions& options, const OnDownload& progress, std::stop_token stop)
      : client_(client),
        store_(store),
        request_(request),
        options_(options),
        progress_(progress),
        stop_(std::move(stop)),
        clock_(options.clock != nullptr ? *options.clock : system_clock_) {}

  Result<DownloadedBlob> run() {
    if (request_.sources.empty())
      return fail(ErrorCode::kInvalidArgument, "no address to fetch {} from", request_.name);
    if (request_.name.empty()) request_.name = request_.sources[0].url.substr(0, request_.sources[0].url.find('?'));
    if (request_.digest && store_.contains(*request_.digest)) {
      ZUBR_CHECK(store_.sweep(*request_.digest, stop_));
      return there(*request_.digest, 0);
    }
    if (!request_.digest || !request_.size) {
      ZUBR_TRY(found, probe(client_, request_, options_, stop_));
      if (request_.size && found.size && *request_.size != *found.size)
        return fail(ErrorCode::kCorrupt, "{} has {} bytes on the server, but {} were declared", request_.name,
                    *found.size, *request_.size);
      if (!request_.digest) request_.digest = found.digest;
      if (!request_.size) request_.size = found.size;
      probed_ = std::move(found);
    }
    if (request_.size == 0U) return fail(ErrorCode::kCorrupt, "{} is empty on the server", request_.name);
    const std::string key =
        request_.digest ? request_.digest->file_name() : fmt::format("url-{}", sha256(request_.sources[0].url).hex());
    ZUBR_TRY(partial,
             store_.begin(key, stop_, [&] { report({.phase = DownloadPhase::kWaiting, .total = request_.size}); }));
    if (request_.digest && store_.contains(*request_.digest)) {
      partial.discard();
      return there(*request_.digest, 0);
    }
    const bool resumed = usable(partial.resumed());
    if (!resumed) ZUBR_CHECK(partial.reset());
    auto blob = transfer(partial);
    // What an earlier run left may be wrong (a power failure, another version): that is no fault of the server's.
    if (!blob && blob.error().code() == ErrorCode::kCorrupt && resumed) {
      ZUBR_CHECK(partial.reset());
      blob = transfer(partial);
    }
    if (!blob && blob.error().code() == ErrorCode::kCorrupt) partial.discard();
    return blob;
  }

 private:
  Result<DownloadedBlob> there(const Digest& digest, std::uint64_t fetched) const {
    ZUBR_TRY(size, store_.size_of(digest));
    report({.phase = DownloadPhase::kFetching, .done = size, .total = size, .fetched = fetched});
    return DownloadedBlob{digest, store_.path_of(digest), size, fetched};
  }

  void report(const DownloadProgress& now) const {
    if (progress_) progress_(now);
  }

  bool usable(const Journal& journal) const {
    if (journal.done.spans().empty() || !request_.size || journal.size != request_.size) return false;
    return request_.digest || (!probed_.etag.empty() && probed_.etag == journal.validator);
  }

  Journal journal_of(const DownloadRun::State& state) const { return {state.size, state.validator, state.done}; }

  Result<DownloadedBlob> transfer(PartialBlob& partial) {
    DownloadRun run(client_, partial, request_, options_, clock_);
    const ByteRanges done = partial.resumed().done;
    std::vector<Span> parts{{0, UINT64_MAX}};  // a size not known: one connection
    if (request_.size) {
      parts = plan_parts(done.missing({0, *request_.size}), options_.plan);
      ZUBR_CHECK(store_.check_space(*request_.size - done.size()));
    }
    const auto connections = static_cast<int>(
        std::min<std::size_t>(parts.size(), static_cast<std::size_t>(std::max(options_.plan.parallel, 1))));
    run.set_up(request_.size, probed_.etag, done, parts);
    if (!probed_.location.empty()) run.set_location(0, probed_.location);
    const std::stop_callback stop_all(stop_, [&run] { run.abort.request_stop(); });
    auto hash = std::async(std::launch::async, [&run] {
      auto digest = hash_as_it_grows(run);
      if (!digest && digest.error().code() != ErrorCode::kCancelled) run.fail_with(digest.error());
      return digest;
    });
    fetch_all(run, partial, connections);
    return conclude(run, partial, hash);
  }

  void fetch_all(DownloadRun& run, PartialBlob& partial, int connections) {
    const auto started = clock_.now();
    run.begin_connections(connections);
    std::vector<std::jthread> threads;
    for (int i = 0; i < connections; ++i) threads.emplace_back([&run] { PartFetcher(run).work(); });
    std::uint64_t written = 0;
    for (;;) {
      run.wait_for_change(kReportEvery);
      const auto state = run.state();
      const double seconds = std::chrono::duration<double>(clock_.now() - started).count();
      report({.done = state.done.size(),
              .total = state.size,
              .fetched = state.fetched,
              .bytes_per_second = seconds > 0 ? static_cast<double>(state.fetched) / seconds : 0});
      if (state.fetched - written >= options_.checkpoint_bytes) {
        written = state.fetched;
        run.checkpoint_written();
        // Without a journal a later process begins anew: slower, not wrong.
        if (!state.whole()) static_cast<void>(partial.record(journal_of(state)));
      }
      if (state.connections == 0) break;
    }
  }

  Result<DownloadedBlob> conclude(DownloadRun& run, PartialBlob& partial, std::future<Result<Digest>>& hash) {
    auto state = run.state();
    if (!state.failure && !state.whole() && !stop_.stop_requested())
      run.fail_with(Error(ErrorCode::kInternal, message("{} is not whole although every part is", request_.name)));
    while (hash.wait_for(kReportEvery) != std::future_status::ready)
      report({.phase = DownloadPhase::kVerifying,
              .done = state.done.size(),
              .total = state.size,
              .fetched = state.fetched});
    const auto digest = hash.get();
    state = run.state();
    if (stop_.stop_requested() || state.failure || !digest) {
      if (!state.failure || state.failure->code() != ErrorCode::kCorrupt)
        static_cast<void>(partial.record(journal_of(state)));  // for the next try
      if (stop_.stop_requested()) return fail(ErrorCode::kCancelled, "stopped while fetching {}", request_.name);
      return fail(state.failure ? *state.failure : digest.error());
    }
    if (request_.digest && *digest != *request_.digest)
      return fail(ErrorCode::kCorrupt,
                  "{} has {}, but {} was declared; the file was removed, pull again or from elsewhere", request_.name,
                  digest->text(), request_.digest->text());
    ZUBR_CHECK(partial.commit(store_.path_of(*digest)));
    return there(*digest, state.fetched);
  }

  net::HttpClient& client_;
  const BlobStore& store_;
  DownloadRequest request_;
  const DownloadOptions& options_;
  const OnDownload& progress_;
  std::stop_token stop_;
  core::SystemClock system_clock_;
  const core::Clock& clock_;
  Probe probed_;
};

}  // namespace

Result<DownloadedBlob> download(net::HttpClient& client, const BlobStore& store, const DownloadRequest& request,
                                const DownloadOptions& options, const OnDownload& progress, std::stop_token stop) {
  return Download(client, store, request, options, progress, std::move(stop)).run();
}

}  // namespace zubr::models
