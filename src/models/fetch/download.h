// One blob, from the network into the store: in parallel parts where the server lets us, hashed while it arrives,
// resumed where an earlier process left off, retried part by part, and under its final name only when its hash is
// right.
//
//   ZUBR_TRY(blob, download(client, store, {.sources = {{url, headers}}, .digest = digest, .size = size}, {},
//   on_progress, stop));
//
// What is already there is not fetched again; of several processes that want one blob, one fetches and the others wait.
// A failure keeps what arrived for the next try, unless the bytes themselves were wrong: those are removed.
//
// Errors: kCorrupt (hash or size is not what was declared, both values said), kDiskFull, kNetwork, kTimeout,
// kRateLimited, kUnavailable (after the retries), kUnauthenticated, kPermissionDenied, kNotFound, kCancelled.
//
// Threads: the caller's for progress, one per connection, one for the hash. Any number of downloads at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/clock.h"
#include "models/blobs/blob_store.h"
#include "models/fetch/part_plan.h"
#include "net/http_client.h"
#include "net/retry.h"

namespace zubr::models {

struct DownloadSource {
  std::string url;
  net::Headers headers = {};  // credentials among them go to this origin only
};

struct DownloadRequest {
  std::vector<DownloadSource> sources;  // the first, and its mirrors: a part that fails goes on with the next one
  std::optional<Digest> digest = {};    // none: what arrives names itself
  std::optional<std::uint64_t> size = {};
  // For messages; empty = the first source without its query.
  std::string name = {};
  // Makes an error of an answer that is none; empty = the status in words.
  std::function<Error(const net::HttpResponse&)> explain = {};
};

struct DownloadOptions {
  PartPlanOptions plan = {};
  net::RetryPolicy retry = {};
  std::uint64_t bytes_per_second = 0;           // over all connections; 0 = as fast as it goes
  std::uint64_t forgive_after_bytes = 1 << 20;  // a part that got so far since its last failure starts counting anew
  std::uint64_t checkpoint_bytes = 32 << 20;    // the journal is written after so many bytes
  // Replaced by tests.
  std::function<void(std::chrono::nanoseconds, const std::stop_token&)> wait = {};
  std::function<double()> random = {};  // [0, 1); any thread
  const core::Clock* clock = nullptr;   // must live as long as the download
};

enum class DownloadPhase { kWaiting, kFetching, kVerifying };  // kWaiting: another process is fetching it

struct DownloadProgress {
  DownloadPhase phase = DownloadPhase::kFetching;
  std::uint64_t done = 0;  // with what was there before
  std::optional<std::uint64_t> total = {};
  std::uint64_t fetched = 0;    // by this call
  double bytes_per_second = 0;  // of this call, so far
};
using OnDownload = std::function<void(const DownloadProgress&)>;

struct DownloadedBlob {
  Digest digest;
  std::filesystem::path file;
  std::uint64_t size = 0;
  std::uint64_t fetched = 0;  // 0: it was there
};

Result<DownloadedBlob> download(net::HttpClient& client, const BlobStore& store, const DownloadRequest& request,
                                const DownloadOptions& options, const OnDownload& progress, std::stop_token stop);

}  // namespace zubr::models
