#include "net/http_client.h"

#include <mutex>
#include <set>
#include <vector>

#include "net/transfer.h"

namespace zubr::net {

class HttpClient::Pool {
 public:
  std::unique_ptr<Transfer> take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::make_unique<Transfer>();
    auto transfer = std::move(idle_.back());
    idle_.pop_back();
    return transfer;
  }
  void give(std::unique_ptr<Transfer> transfer) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kMaxIdle) idle_.push_back(std::move(transfer));
  }

 private:
  static constexpr std::size_t kMaxIdle = 64;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Transfer>> idle_;
};

namespace {

class MemorySink : public BodySink {
 public:
  explicit MemorySink(std::size_t max_bytes) : max_bytes_(max_bytes) {}
  Result<Flow> begin(const HttpResponse&) override { return Flow::kMore; }
  Result<Flow> write(std::string_view bytes) override {
    if (bytes.size() > max_bytes_ - body_.size())
      return fail(ErrorCode::kTooLarge, "the answer is over {} bytes", max_bytes_);
    body_ += bytes;
    return Flow::kMore;
  }
  std::string take() { return std::move(body_); }

 private:
  std::size_t max_bytes_;
  std::string body_;
};

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// One request on its way through redirects.
class Journey {
 public:
  Journey(const HttpOptions& options, const HttpRequest& request)
      : options_(options), request_(request), headers_(request.headers) {}

  Result<HttpResponse> run(Transfer& transfer, BodySink& sink, const std::stop_token& stop) {
    for (const Header& header : headers_)
      if (!is_valid_field(header))
        return fail(ErrorCode::kInvalidArgument, "the header field '{}' has characters that cannot be sent",
                    header.name);
    ZUBR_TRY(start, Url::parse(request_.url));
    Url url = std::move(start);
    for (int hops = 0;; ++hops) {
      seen_.insert(url.text);
      next_.reset();
      const auto wants_body = [&](const HttpResponse& head) { return !follows(url, head); };
      auto answer = transfer.perform(options_, request_, url, headers_, sink, wants_body, stop);
      if (!next_) return answer;
      if (!answer && answer.error().code() == ErrorCode::kCancelled) return answer;
      ZUBR_CHECK(*next_);
      if (hops == options_.max_redirects || seen_.contains((*next_)->text))
        return fail(ErrorCode::kUnsupported, "{} redirects in a circle ({} hops, last to {})", request_url(), hops + 1,
                    (*next_)->display());
      hop_to(url, **next_, redirect_status_);
      url = std::move(**next_);
    }
  }

 private:
  std::string request_url() const { return request_.url.substr(0, request_.url.find('?')); }

  // Sets next_ when this answer is a redirect that we go along with (or one that must be refused, as an error).
  bool follows(const Url& from, const HttpResponse& head) {
    const auto location = head.headers.find("location");
    if (!is_redirect(head.status) || !location) return false;
    redirect_status_ = head.status;
    auto to = from.resolve(*location);
    if (!to) {
      next_ = fail(to.error().context("following a redirect of " + from.display()));
      return true;
    }
    const Hop hop{head.status, from.text, to->text, from.same_origin(*to), &head.headers};
    if (request_.on_redirect && request_.on_redirect(hop) == RedirectDecision::kStop) return false;
    if (from.scheme == "https" && to->scheme == "http")
      next_ = fail(ErrorCode::kUnsupported, "{} redirects from https to http ({}); that is not followed",
                   from.display(), to->display());
    else
      next_ = std::move(to);
    return true;
  }

  void hop_to(const Url& from, const Url& to, int status) {
    if (!from.same_origin(to))
      for (const Header& header : Headers(headers_))
        if (is_credential(header.name)) headers_.remove(header.name);
    const bool becomes_get = status == 303 || ((status == 301 || status == 302) && request_.method == Method::kPost);
    if (!becomes_get || request_.method == Method::kHead) return;
    request_.method = Method::kGet;
    request_.body.clear();
    headers_.remove("content-type");
  }

  const HttpOptions& options_;
  HttpRequest request_;
  Headers headers_;
  std::set<std::string> seen_;
  std::optional<Result<Url>> next_;
  int redirect_status_ = 0;
};

}  // namespace

HttpClient::HttpClient(HttpOptions options) : options_(std::move(options)), pool_(std::make_unique<Pool>()) {}
HttpClient::~HttpClient() = default;

Result<HttpResponse> HttpClient::stream(const HttpRequest& request, BodySink& sink, std::stop_token stop) {
  auto transfer = pool_->take();
  auto answer = Journey(options_, request).run(*transfer, sink, stop);
  pool_->give(std::move(transfer));
  return answer;
}

Result<HttpResponse> HttpClient::fetch(const HttpRequest& request, std::stop_token stop) {
  MemorySink sink(request.max_body_bytes);
  auto answer = stream(request, sink, std::move(stop));
  if (answer) answer->body = sink.take();
  if (!answer && answer.error().code() == ErrorCode::kTooLarge)
    return fail(answer.error().context("fetching " + request.url.substr(0, request.url.find('?'))));
  return answer;
}

}  // namespace zubr::net
