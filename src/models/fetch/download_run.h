// What the connections, the hash and the caller of one download share. Internal to fetch/.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "models/blobs/partial_blob.h"
#include "models/fetch/bandwidth.h"
#include "models/fetch/download.h"

namespace zubr::models {

// Threads: every method from any; `partial` and `bandwidth` lock for themselves.
class DownloadRun {
 public:
  DownloadRun(net::HttpClient& client_in, const PartialBlob& partial_in, const DownloadRequest& request_in,
              const DownloadOptions& options_in, const core::Clock& clock_in)
      : client(client_in),
        partial(partial_in),
        request(request_in),
        options(options_in),
        clock(clock_in),
        bandwidth(options_in.bytes_per_second, clock_in) {}

  net::HttpClient& client;
  const PartialBlob& partial;
  const DownloadRequest& request;
  const DownloadOptions& options;
  const core::Clock& clock;
  Bandwidth bandwidth;

  // Before the connections start.
  void set_up(std::optional<std::uint64_t> size, std::string validator, ByteRanges done, std::vector<Span> parts);

  std::optional<Span> next_part();
  // One connection takes everything, the others end: the server does not know ranges. False when another has it
  // already.
  bool take_all();
  bool taken() const;

  // Bytes go into the file once: what is there already is skipped. kCorrupt past the declared size.
  Result<void> store(std::uint64_t offset, std::string_view bytes);
  // The size of a blob that declared none, learnt at its end.
  void end_at(std::uint64_t size);
  std::uint64_t first_missing(Span part) const;  // part.end when none is

  void fail_with(Error error);  // the first one counts; ends the others
  void finish_connection();

  // Where redirects led, per source; none = ask the source again.
  std::optional<std::string> location(std::size_t source) const;
  void set_location(std::size_t source, std::optional<std::string> url);

  struct State {
    std::optional<std::uint64_t> size;
    std::string validator;
    ByteRanges done;
    std::uint64_t fetched = 0;
    std::optional<Error> failure;
    int connections = 0;
    bool whole() const { return size && done.size() == *size; }
  };
  State state() const;
  std::optional<std::uint64_t> size() const;
  std::string validator() const;
  void begin_connections(int count);
  // Until something changed that the caller acts on (a checkpoint is due, all connections ended), or `patience` passed.
  void wait_for_change(std::chrono::milliseconds patience);
  void checkpoint_written();
  // For the hash: until more than `hashed` bytes are there from the beginning on. The length of that beginning; less
  // than or equal to `hashed` when stopped.
  std::uint64_t wait_for_prefix(std::uint64_t hashed, const std::stop_token& stop);

  std::stop_source abort;  // ends connections and hash

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;  // for the caller
  std::condition_variable_any grown_;    // for the hash
  State state_;
  std::deque<Span> parts_;
  bool taken_ = false;
  std::uint64_t since_checkpoint_ = 0;
  std::vector<std::optional<std::string>> locations_;
};

}  // namespace zubr::models
