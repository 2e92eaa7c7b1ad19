#include "models/fetch/probe.h"

#include "models/fetch/retrier.h"
#include "net/message_fields.h"
#include "net/rate_limit.h"

namespace zubr::models {
namespace {

class HeadOnly : public net::BodySink {
 public:
  Result<net::Flow> begin(const net::HttpResponse&) override { return net::Flow::kEnough; }
  Result<net::Flow> write(std::string_view) override { return net::Flow::kEnough; }
};

}  // namespace

void read_linked_headers(const net::Headers& headers, Probe& probe) {
  std::string_view etag = headers.get("x-linked-etag");
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  if (const auto digest = Digest::parse(etag)) probe.digest = *digest;
  if (const auto size = net::parse_length(headers.get("x-linked-size"))) probe.size = *size;
}

Result<Probe> probe(net::HttpClient& client, const DownloadRequest& request, const DownloadOptions& options,
                    const std::stop_token& stop) {
  Probe found;
  Retrier retrier(options.retry, options.wait, options.random);
  for (std::size_t source = 0;; source = (source + 1) % request.sources.size()) {
    net::HttpRequest ask{.url = request.sources[source].url,
                         .headers = request.sources[source].headers,
                         .range = net::ByteRange{0, 0},
                         .on_redirect = [&](const net::Hop& hop) {
                           read_linked_headers(*hop.headers, found);
                           return net::RedirectDecision::kFollow;
                         }};
    ask.headers.set("Accept-Encoding", "identity");
    HeadOnly sink;
    const auto answer = client.stream(ask, sink, stop);
    if (answer && (answer->ok() || answer->status == 416)) {
      const auto range = net::parse_content_range(answer->headers.get("content-range"));
      const auto length =
          answer->status == 200 ? net::parse_length(answer->headers.get("content-length")) : std::nullopt;
      read_linked_headers(answer->headers, found);
      if (!found.size) found.size = range ? range->total : length;
      found.etag = answer->headers.get("etag");
      if (found.etag.starts_with("W/")) found.etag.clear();  // says nothing about bytes
      if (source == 0) found.location = answer->url;
      return found;
    }
    const Error error = !answer ? answer.error() : request.explain ? request.explain(*answer) : error_of(*answer);
    const auto asked = answer ? net::requested_wait(answer->headers, std::chrono::system_clock::now()) : std::nullopt;
    ZUBR_CHECK(retrier.after(error, asked, stop));
  }
}

}  // namespace zubr::models
