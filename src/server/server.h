// Server: the HTTP face of models. One object is one listening port.
//
// Threads: start() makes `io_threads` threads that never block and up to `limits.concurrent_requests` workers in which
// the blocking Backend calls run. Every callback in ServerOptions is called on those threads and must be quick.
// Ownership: the ModelHost or the Backend must outlive the Server. The destructor is stop(0 ms).
// Failure: what a client does wrong is an answer with an OpenAI error object, never an end of the process.
//
// Safety: a loopback address unless there are keys, or allow_public; Host and Origin are checked, so that a web page in
// the user's browser cannot talk to us by DNS rebinding (RFC 9110 7.2; the Fetch standard's Origin header). With
// `keys`, a request says who it is from as soon as a key was made. No prompt, no answer and no key is logged.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "access/key_ring.h"
#include "core/result.h"
#include "inference/model_host.h"
#include "server/access_record.h"
#include "server/media/fetch_media.h"

namespace zubr::catalog {
class Desk;
}

namespace zubr::server {

class ModelShelf;

struct ServerLimits {
  std::size_t header_bytes = 32u << 10;          // over it: 431
  std::size_t body_bytes = 10u << 20;            // over it: 413
  int json_depth = 64;                           // over it: 400
  int connections = 10'000;                      // over it: 503 and the connection is closed
  int concurrent_requests = 64;                  // requests that the Backend works on at once, one thread each
  int queued_requests = 256;                     // waiting for one of those; over it: 503 with Retry-After
  int choices = 16;                              // the most `n` may ask for
  std::size_t stream_buffer_bytes = 256u << 10;  // answered but not yet taken by the client; over it the Backend waits
  std::chrono::milliseconds idle_timeout{75'000};    // between requests of a connection
  std::chrono::milliseconds header_timeout{10'000};  // from a request's first byte to the end of its header
  std::chrono::milliseconds body_timeout{60'000};    // from there to the end of its body; then 408
  std::chrono::milliseconds write_timeout{30'000};   // a client that takes nothing for so long is gone
  std::chrono::milliseconds ping_interval{15'000};   // a comment line in a stream that has nothing to say
};

struct ServerOptions {
  std::string host = "127.0.0.1";          // an address, or "localhost"
  int port = 0;                            // 0 = any free one; Server::port() tells which
  bool allow_public = false;               // listen on an address that other machines reach, though nobody needs a key
  std::string tls_cert, tls_key;           // PEM files; with both, HTTPS is spoken and nothing else
  std::vector<std::string> allowed_hosts;  // names that a Host header may have besides the loopback ones
  std::vector<std::string> allowed_origins;  // "https://app.example": may call from a browser; "*" = any. Turns CORS on
  int io_threads = 1;
  std::chrono::milliseconds stop_timeout{30'000};  // what the caller should give stop()
  ServerLimits limits;
  std::filesystem::path folder;                         // for files and stored responses; empty: in memory, no files
  std::shared_ptr<access::KeyRing> keys;                // shared with the caller; null: nobody needs one
  std::shared_ptr<ModelShelf> shelf;                    // shared with the caller; null: only the served model is known
  MediaFetcher fetch_media;                             // null: media are taken as base64 only
  std::shared_ptr<catalog::Desk> desk;                  // answers /api/catalog; shared with the caller; may be null
  std::string version = "0";                            // of the program, as clients are told
  std::function<void(const AccessRecord&)> on_request;  // once per request, when its answer has ended
};

struct StopReport {
  std::int64_t finished = 0;   // requests that were running when stop() began, and were answered
  std::int64_t cancelled = 0;  // requests that were told to stop at the deadline
};

class Server {
 public:
  // Listening when it returns. kInvalidArgument for an address that is none, or a public one without keys or
  // allow_public; what TlsContext::open() says of the certificate; kUnavailable when the port is taken;
  // kPermissionDenied when the system refuses.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, inference::ModelHost& host);
  // Of one model, which is there and stays.
  static Result<std::unique_ptr<Server>> start(ServerOptions options, inference::Backend& backend);
  ~Server();

  int port() const;
  std::string url() const;  // "http://127.0.0.1:8080", "https://…" with TLS

  // Takes no more connections and requests, lets running ones finish until the deadline, then cancels them and waits
  // for the Backend to let go. Blocks; from any thread but the server's own. A second call returns the first's report.
  StopReport stop(std::chrono::milliseconds deadline);

 private:
  struct Impl;
  static Result<std::unique_ptr<Server>> start(ServerOptions options, inference::ModelHost& host,
                                               std::unique_ptr<inference::ModelHost> owned);
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace zubr::server
