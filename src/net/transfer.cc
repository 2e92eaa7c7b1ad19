#include "net/transfer.h"

#include <curl/curl.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <mutex>
#include <optional>
#include <string>

#include "net/public_address.h"

namespace zubr::net {
namespace {

using Clock = std::chrono::steady_clock;
constexpr long kReadBuffer = 512 << 10;
constexpr std::size_t kMaxHeaderBytes = 256 << 10;
constexpr std::size_t kMaxIgnoredBody = 64 << 10;

struct ListDeleter {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;

void initialise_library() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

// The state that the library's callbacks see.
struct Exchange {
  BodySink& sink;
  const Transfer::WantsBody& wants_body;
  HttpResponse head;
  std::optional<Error> failure = {};
  bool headers_done = false;
  bool ignore_body = false;
  bool enough = false;
  bool private_address = false;  // one that was not connected to
  std::size_t header_bytes = 0;
  std::size_t ignored = 0;
  std::uint64_t received = 0;
  Clock::time_point last_byte = Clock::now();

  bool pass(const Result<Flow>& flow) {
    last_byte = Clock::now();  // time spent in the sink is not the network's
    if (!flow) failure = flow.error();
    if (flow && *flow == Flow::kEnough) enough = true;
    return flow && *flow == Flow::kMore;
  }
};

bool status_line(std::string_view line, int& status) {
  if (!line.starts_with("HTTP/")) return false;
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return false;
  std::from_chars(line.data() + space + 1, line.data() + line.size(), status);
  return true;
}

bool end_of_headers(Exchange& exchange) {
  if (exchange.head.status < 200) return true;  // 100 Continue: the real one follows
  exchange.headers_done = true;
  exchange.ignore_body = !exchange.wants_body(exchange.head);
  return exchange.ignore_body || exchange.pass(exchange.sink.begin(exchange.head));
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* user) {
  Exchange& exchange = *static_cast<Exchange*>(user);
  exchange.last_byte = Clock::now();
  if (exchange.headers_done) return size;  // trailers
  std::string_view line(data, size);
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if ((exchange.header_bytes += size) > kMaxHeaderBytes) {
    exchange.failure = Error(ErrorCode::kCorrupt, "the server's headers are over 256 KiB");
    return 0;
  }
  if (status_line(line, exchange.head.status)) {
    exchange.head.headers = {};
  } else if (line.empty()) {
    return end_of_headers(exchange) ? size : 0;
  } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
    exchange.head.headers.add(std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1))));
  }
  return size;
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) {
  Exchange& exchange = *static_cast<Exchange*>(user);
  exchange.last_byte = Clock::now();
  exchange.received += size;
  if (exchange.ignore_body) {
    if ((exchange.ignored += size) <= kMaxIgnoredBody) return size;
    exchange.enough = true;
    return 0;
  }
  return exchange.pass(exchange.sink.write({data, size})) ? size : 0;
}

// CURLOPT_OPENSOCKETFUNCTION, for whom the whole Internet is allowed and no more.
curl_socket_t open_public_socket(void* user, curlsocktype, curl_sockaddr* address) {
  if (is_public_address(address->addr)) return ::socket(address->family, address->socktype, address->protocol);
  static_cast<Exchange*>(user)->private_address = true;
  return CURL_SOCKET_BAD;
}

ErrorCode code_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return ErrorCode::kTimeout;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR: return ErrorCode::kPermissionDenied;
    case CURLE_SSL_CACERT_BADFILE: return ErrorCode::kInvalidArgument;
    case CURLE_OUT_OF_MEMORY: return ErrorCode::kOutOfMemory;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT: return ErrorCode::kInvalidArgument;
    default: return ErrorCode::kNetwork;
  }
}

std::string advice(CURLcode code, const HttpOptions& options) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT: return "; is there a network, and does it need a proxy (net.proxy)?";
    case CURLE_COULDNT_RESOLVE_PROXY: return fmt::format("; check the proxy '{}' (net.proxy)", options.proxy);
    case CURLE_PEER_FAILED_VERIFICATION: return "; behind a company proxy give its certificate with net.ca_file";
    case CURLE_SSL_CACERT_BADFILE: return fmt::format("; check net.ca_file '{}'", options.ca_file.string());
    default: return "";
  }
}

}  // namespace

struct Transfer::Handles {
  CURL* easy = nullptr;
  CURLM* multi = nullptr;
  char reason[CURL_ERROR_SIZE] = {};

  Handles() {
    initialise_library();
    easy = curl_easy_init();
    multi = curl_multi_init();
    if (easy == nullptr || multi == nullptr) throw std::bad_alloc();
  }
  ~Handles() {
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
  }

  HeaderList set_up(const HttpOptions& options, const HttpRequest& request, const Url& url, const Headers& headers,
                    Exchange& exchange);
  Result<CURLcode> drive(Exchange& exchange, std::chrono::milliseconds stall, const Url& url,
                         const std::stop_token& stop);
};

Transfer::Transfer() : handles_(std::make_unique<Handles>()) {}
Transfer::~Transfer() = default;

HeaderList Transfer::Handles::set_up(const HttpOptions& options, const HttpRequest& request, const Url& url,
                                     const Headers& headers, Exchange& exchange) {
  curl_easy_reset(easy);
  reason[0] = '\0';
  const auto set = [this](CURLoption option, auto value) { curl_easy_setopt(easy, option, value); };
  set(CURLOPT_ERRORBUFFER, reason);
  set(CURLOPT_URL, url.text.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_BUFFERSIZE, kReadBuffer);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(CURLOPT_USERAGENT, options.user_agent.c_str());
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  if (options.public_addresses_only) {
    set(CURLOPT_OPENSOCKETFUNCTION, &open_public_socket);
    set(CURLOPT_OPENSOCKETDATA, &exchange);
  }
  if (options.proxy == "none" || options.public_addresses_only)
    set(CURLOPT_PROXY, "");
  else if (!options.proxy.empty())
    set(CURLOPT_PROXY, options.proxy.c_str());
  if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, &exchange);
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, &exchange);
  if (request.method == Method::kHead) set(CURLOPT_NOBODY, 1L);
  if (request.method != Method::kGet && request.method != Method::kHead) {
    set(CURLOPT_POST, 1L);
    if (request.method == Method::kPut) set(CURLOPT_CUSTOMREQUEST, "PUT");
    if (request.method == Method::kPatch) set(CURLOPT_CUSTOMREQUEST, "PATCH");
    set(CURLOPT_POSTFIELDS, request.body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  if (request.range) {
    const std::string last = request.range->last ? fmt::format("{}", *request.range->last) : "";
    set(CURLOPT_RANGE, fmt::format("{}-{}", request.range->first, last).c_str());
  }
  curl_slist* list = curl_slist_append(nullptr, "Expect:");  // no 100-continue: it costs a round trip
  // The library would call any body a form, and servers read a form's body themselves.
  if (!headers.find("content-type")) list = curl_slist_append(list, "Content-Type:");
  for (const Header& header : headers) {
    // "Name;" is how the library spells a field without a value.
    const std::string line = header.value.empty() ? header.name + ";" : header.name + ": " + header.value;
    list = curl_slist_append(list, line.c_str());
  }
  set(CURLOPT_HTTPHEADER, list);
  return HeaderList(list);
}

Result<CURLcode> Transfer::Handles::drive(Exchange& exchange, std::chrono::milliseconds stall, const Url& url,
                                          const std::stop_token& stop) {
  constexpr std::chrono::milliseconds kLongestWait{500};
  const std::stop_callback wake(stop, [this] { curl_multi_wakeup(multi); });
  for (;;) {
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped while fetching {}", url.display());
    int running = 0;
    if (const CURLMcode code = curl_multi_perform(multi, &running); code != CURLM_OK)
      return fail(ErrorCode::kNetwork, "cannot fetch {}: {}", url.display(), curl_multi_strerror(code));
    int queued = 0;
    if (const CURLMsg* message = curl_multi_info_read(multi, &queued);
        message != nullptr && message->msg == CURLMSG_DONE)
      return message->data.result;
    const auto idle = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - exchange.last_byte);
    if (idle >= stall)
      return fail(ErrorCode::kTimeout, "{} sent nothing for {} ms (after {} bytes)", url.display(), stall.count(),
                  exchange.received);
    const auto wait = std::clamp<std::chrono::milliseconds>(stall - idle, std::chrono::milliseconds(1), kLongestWait);
    curl_multi_poll(multi, nullptr, 0, static_cast<int>(wait.count()), nullptr);
  }
}

Result<HttpResponse> Transfer::perform(const HttpOptions& options, const HttpRequest& request, const Url& url,
                                       const Headers& headers, BodySink& sink, const WantsBody& wants_body,
                                       const std::stop_token& stop) {
  Exchange exchange{.sink = sink, .wants_body = wants_body, .head = {}};
  exchange.head.url = url.text;
  const HeaderList list = handles_->set_up(options, request, url, headers, exchange);
  curl_multi_add_handle(handles_->multi, handles_->easy);
  const auto result = handles_->drive(exchange, request.stall_timeout.value_or(options.stall_timeout), url, stop);
  curl_multi_remove_handle(handles_->multi, handles_->easy);
  curl_easy_setopt(handles_->easy, CURLOPT_HTTPHEADER, nullptr);
  if (exchange.failure) return fail(*exchange.failure);
  if (!result) return fail(result.error());
  if (*result == CURLE_COULDNT_CONNECT && exchange.private_address)
    return fail(ErrorCode::kPermissionDenied, "{} is in a private network; only public addresses are fetched",
                url.display());
  if (*result != CURLE_OK && !exchange.enough) {
    const std::string why = handles_->reason[0] != '\0' ? handles_->reason : curl_easy_strerror(*result);
    return fail(
        Error(code_of(*result), fmt::format("cannot fetch {}: {}{}", url.display(), why, advice(*result, options))));
  }
  return std::move(exchange.head);
}

}  // namespace zubr::net
