#include "models/fetch/part_fetcher.h"

#include <algorithm>

#include "net/message_fields.h"
#include "net/rate_limit.h"
#include "net/url.h"

namespace zubr::models {

using net::Flow;

namespace {

// No use to ask this server again; a mirror is another matter.
bool another_may_have_it(ErrorCode code) {
  return code == ErrorCode::kNotFound || code == ErrorCode::kPermissionDenied || code == ErrorCode::kUnauthenticated ||
         code == ErrorCode::kUnsupported || code == ErrorCode::kInvalidArgument;
}

}  // namespace

// Judges the head of an answer and puts the bytes where they belong.
class PartFetcher::Sink : public net::BodySink {
 public:
  Sink(PartFetcher& owner, Span& part, std::uint64_t at, std::stop_token stop)
      : owner_(owner), run_(owner.run_), part_(part), offset_(at), stop_(std::move(stop)) {}

  Result<Flow> begin(const net::HttpResponse& head) override {
    const auto etag = head.headers.get("etag");
    if (head.ok() && !run_.request.digest && !run_.validator().empty() && !etag.empty() && etag != run_.validator())
      return fail(ErrorCode::kCorrupt, "{} changed on the server while it was being fetched; pull again",
                  run_.request.name);
    if (head.status == 206) return begin_part(head);
    if (head.status == 200) return begin_whole(head);
    if (head.status == 416) return unsatisfied(head);
    return Flow::kEnough;  // judged by its status
  }

  Result<Flow> write(std::string_view bytes) override {
    const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), limit_ - offset_));
    const auto pause = run_.bandwidth.take(take);
    if (pause.count() > 0) run_.options.wait ? run_.options.wait(pause, stop_) : wait_for_real(pause, stop_);
    ZUBR_CHECK(run_.store(offset_, bytes.substr(0, take)));
    offset_ += take;
    received_ += take;
    return offset_ >= limit_ && !owner_.whole_ ? Flow::kEnough : Flow::kMore;
  }

  std::uint64_t received() const { return received_; }
  std::uint64_t offset() const { return offset_; }
  bool restart() const { return restart_; }

 private:
  tl::unexpected<Error> wrong_size(std::uint64_t actual) const {
    return fail(ErrorCode::kCorrupt, "{} has {} bytes on the server, but {} were declared; what came was removed",
                run_.request.name, actual, run_.size().value_or(0));
  }

  Result<Flow> begin_part(const net::HttpResponse& head) {
    const auto range = net::parse_content_range(head.headers.get("content-range"));
    if (!range || !range->satisfied || range->first != offset_)
      return fail(ErrorCode::kNetwork, "the server answers with other bytes of {} than it was asked for",
                  run_.request.name);
    if (range->total && run_.size() && *range->total != *run_.size()) return wrong_size(*range->total);
    limit_ = std::min(part_.end, range->last + 1);
    return Flow::kMore;
  }

  Result<Flow> begin_whole(const net::HttpResponse& head) {
    const auto length = net::parse_length(head.headers.get("content-length"));
    if (length && run_.size() && *length != *run_.size()) return wrong_size(*length);
    if (!claim()) return Flow::kEnough;
    offset_ = 0;
    limit_ = UINT64_MAX;  // more than declared must be seen
    return Flow::kMore;
  }

  Result<Flow> unsatisfied(const net::HttpResponse& head) {
    const auto range = net::parse_content_range(head.headers.get("content-range"));
    if (range && range->total && run_.size() && *range->total != *run_.size()) return wrong_size(*range->total);
    restart_ = !owner_.whole_ && claim();
    return Flow::kEnough;
  }

  // The server knows no ranges: one connection, everything.
  bool claim() {
    if (owner_.whole_) return true;
    if (!run_.take_all()) {
      owner_.yielded_ = true;
      return false;
    }
    owner_.whole_ = true;
    part_ = {0, run_.size().value_or(UINT64_MAX)};
    return true;
  }

  PartFetcher& owner_;
  DownloadRun& run_;
  Span& part_;
  std::uint64_t offset_;
  std::uint64_t limit_ = 0;
  std::uint64_t received_ = 0;
  bool restart_ = false;
  std::stop_token stop_;
};

void PartFetcher::work() {
  while (const auto part = run_.next_part()) {
    if (auto result = fetch(*part); !result) {
      run_.fail_with(std::move(result).error());
      break;
    }
    if (yielded_ || whole_) break;
  }
  run_.finish_connection();
}

Result<void> PartFetcher::fetch(Span part) {
  Retrier retrier(run_.options.retry, run_.options.wait, run_.options.random);
  const std::stop_token stop = run_.abort.get_token();
  std::uint64_t since_failure = 0;
  std::size_t source = 0;
  std::size_t refusals = 0;
  bool fresh_location = false;
  for (;;) {
    const std::uint64_t at = run_.first_missing(part);
    if (at >= part.end) return {};
    Attempt last = attempt(part, at, source);
    if (yielded_) return {};
    if (last.ended || (!last.error && !last.again_at_once && run_.first_missing(part) >= part.end)) return {};
    if (last.again_at_once && !std::exchange(fresh_location, true)) continue;
    since_failure += last.received;
    if (since_failure >= run_.options.forgive_after_bytes) {
      retrier.forgive();
      fresh_location = false;
      since_failure = 0;
    }
    if (!last.error)
      last.error = Error(ErrorCode::kNetwork, message("the server ended {} too early", run_.request.name));
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped while fetching {}", run_.request.name);
    source = (source + 1) % run_.request.sources.size();
    if (another_may_have_it(last.error->code()) && ++refusals < run_.request.sources.size()) continue;
    ZUBR_CHECK(retrier.after(*last.error, last.retry_after, stop));
  }
}

net::HttpRequest PartFetcher::request_for(const DownloadSource& source, const std::optional<std::string>& location,
                                          std::optional<net::ByteRange> range) const {
  net::HttpRequest request{.url = location.value_or(source.url), .headers = source.headers, .range = range};
  if (location) {
    const auto from = net::Url::parse(source.url);
    const auto to = net::Url::parse(*location);
    if (!from || !to || !from->same_origin(*to))
      for (const net::Header& header : source.headers)
        if (net::is_credential(header.name)) request.headers.remove(header.name);
  }
  request.headers.set("Accept-Encoding", "identity");
  return request;
}

PartFetcher::Attempt PartFetcher::attempt(Span& part, std::uint64_t at, std::size_t source) {
  const auto location = run_.location(source);
  std::optional<net::ByteRange> range;
  if (!whole_ && run_.size()) range = net::ByteRange{at, part.end - 1};
  const std::stop_token stop = run_.abort.get_token();
  Sink sink(*this, part, range ? at : 0, stop);
  const auto answer = run_.client.stream(request_for(run_.request.sources[source], location, range), sink, stop);
  Attempt result;
  result.received = sink.received();
  if (sink.restart()) {
    result.again_at_once = true;
  } else if (!answer) {
    result.error = answer.error();
  } else {
    judge(result, *answer, source, location.has_value());
    if (!result.error && !result.again_at_once && !run_.size() && answer->status == 200) {
      run_.end_at(sink.offset());
      result.ended = true;
    }
  }
  return result;
}

void PartFetcher::judge(Attempt& attempt, const net::HttpResponse& answer, std::size_t source, bool by_location) {
  if (answer.ok()) {
    run_.set_location(source, answer.url);
    return;
  }
  const bool expired = answer.status == 401 || answer.status == 403 || answer.status == 404 || answer.status == 410;
  if (by_location && expired) {  // a signed address is good for a while only
    run_.set_location(source, std::nullopt);
    attempt.again_at_once = true;
  }
  attempt.error = run_.request.explain ? run_.request.explain(answer) : error_of(answer);
  attempt.retry_after = net::requested_wait(answer.headers, std::chrono::system_clock::now());
}

}  // namespace zubr::models
