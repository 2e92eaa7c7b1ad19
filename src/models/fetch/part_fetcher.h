// One connection of a download: takes parts, fetches each with retries, falls back when the server knows no ranges.
// Internal to fetch/. One thread.
#pragma once

#include "models/fetch/download_run.h"
#include "models/fetch/retrier.h"

namespace zubr::models {

class PartFetcher {
 public:
  explicit PartFetcher(DownloadRun& run) : run_(run) {}
  // Until there are no parts or something failed (DownloadRun::fail_with()).
  void work();

 private:
  class Sink;
  struct Attempt {
    std::optional<Error> error;
    std::optional<std::chrono::milliseconds> retry_after;
    std::uint64_t received = 0;
    bool again_at_once = false;
    bool ended = false;  // a blob of unknown size is whole
  };
  Result<void> fetch(Span part);
  Attempt attempt(Span& part, std::uint64_t at, std::size_t source);
  net::HttpRequest request_for(const DownloadSource& source, const std::optional<std::string>& location,
                               std::optional<net::ByteRange> range) const;
  void judge(Attempt& attempt, const net::HttpResponse& answer, std::size_t source, bool by_location);

  DownloadRun& run_;
  bool whole_ = false;    // this connection fetches everything, without ranges
  bool yielded_ = false;  // another one does
};

}  // namespace zubr::models
