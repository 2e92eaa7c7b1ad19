// An HTTP/1.1 server on 127.0.0.1 that answers as a test says, faults included: statuses, headers, a body that breaks
// off, stalls, or is longer or shorter than promised. Also usable as a proxy (targets may be absolute).
//
//   FaultServer server([](const Received& request) { return Reply{.status = 429, .headers = {{"Retry-After", "1"}}};
//   }); client.fetch({.url = server.url("/x")}, {});
//
// Threads: one per connection; the handler may be called by several at once. The destructor ends them all.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/headers.h"
#include "net/http.h"

namespace zubr::net::testing {

struct Received {
  std::string method;
  std::string target;  // as sent: "/a?b=c"
  Headers headers;
  std::string body;
  std::optional<ByteRange> range;

  std::string path() const { return target.substr(0, target.find('?')); }
};

struct Reply {
  int status = 200;
  Headers headers = {};
  std::string body = {};
  std::optional<std::uint64_t> declared_length = {};  // what Content-Length says instead of the truth
  std::optional<std::uint64_t> drop_after = {};       // the connection ends after so many bytes of the body
  std::optional<std::uint64_t> stall_after = {};      // nothing more is sent after so many bytes of the body
  bool no_length = false;                             // the body ends with the connection
};

class FaultServer {
 public:
  using Handler = std::function<Reply(const Received&)>;
  explicit FaultServer(Handler handler);
  ~FaultServer();
  FaultServer(const FaultServer&) = delete;
  FaultServer& operator=(const FaultServer&) = delete;

  int port() const;
  std::string base() const;                                  // "http://127.0.0.1:PORT"
  std::string url(std::string_view target) const;            // base() and the target
  std::string localhost_url(std::string_view target) const;  // the same server under its other name

  std::vector<Received> requests() const;
  // Called with the bytes of body about to be sent; for tests that act at a moment of a transfer. Set before requests.
  void on_send(std::function<void(std::size_t)> observer);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// `bytes` as a file: whole, or the part that the request's Range asks for (206 with Content-Range, 416 past the end).
Reply serve_file(const Received& request, std::string_view bytes, std::string_view etag = "");

}  // namespace zubr::net::testing
