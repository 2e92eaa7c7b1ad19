// What is asked and what comes back: plain values of the HTTP client (net/http_client.h), without the library behind
// it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "net/headers.h"

namespace zubr::net {

enum class Method { kGet, kHead, kPost, kPut, kPatch };

struct ByteRange {
  std::uint64_t first = 0;
  std::optional<std::uint64_t> last;  // inclusive; none = to the end
};

// A redirect that the server asks for.
struct Hop {
  int status = 0;
  std::string from;
  std::string to;                    // absolute
  bool same_origin = false;          // same scheme, host and port
  const Headers* headers = nullptr;  // of the redirecting answer; valid during the call
};
enum class RedirectDecision { kFollow, kStop };  // kStop: the redirect itself is the answer

struct HttpRequest {
  Method method = Method::kGet;
  std::string url = {};
  Headers headers = {};
  std::string body = {};  // kPost, kPut, kPatch
  std::optional<ByteRange> range = {};
  // Asked at each redirect; without it every redirect is followed.
  std::function<RedirectDecision(const Hop&)> on_redirect = {};
  std::size_t max_body_bytes = 4 << 20;  // of fetch(); stream() has no limit but its sink
  // Instead of the client's own: no byte in either direction for so long.
  std::optional<std::chrono::milliseconds> stall_timeout = {};
};

struct HttpResponse {
  int status = 0;
  Headers headers;
  std::string url;   // that answered, after redirects
  std::string body;  // of fetch()

  bool ok() const { return status >= 200 && status < 300; }
};

// Takes the body as it arrives, on the calling thread. While write() does not return nothing is read from the network:
// a slow sink slows the sender.
enum class Flow { kMore, kEnough };  // kEnough ends the transfer as a success
class BodySink {
 public:
  virtual ~BodySink() = default;
  // Once, before the first byte, with status and headers of the final answer (whatever its status).
  virtual Result<Flow> begin(const HttpResponse& head) = 0;
  virtual Result<Flow> write(std::string_view bytes) = 0;
};

// What a status outside 200…299 means to callers: 401 kUnauthenticated, 402 kBudgetExceeded, 403 kPermissionDenied,
// 404/410 kNotFound, 408 kTimeout, 413 kTooLarge, 429 kRateLimited, 5xx kUnavailable, other 4xx kInvalidArgument, else
// kUnsupported.
ErrorCode code_of_status(int status);

}  // namespace zubr::net
