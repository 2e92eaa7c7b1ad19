#include "server/io/connection.h"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <exception>
#include <utility>

namespace zubr::server {

namespace asio = boost::asio;
using boost::system::error_code;
using State = RequestParser::State;

namespace {

constexpr std::size_t kReadAhead = 64u << 10;  // of pipelined requests, while one is answered
constexpr std::size_t kUnsent = 256u << 10;    // answers of TLS itself to a client that takes none
constexpr int kRequestsInARow = 16;            // then other connections get their turn
constexpr std::chrono::milliseconds kLinger{1'000};
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::string_view kPing = ": ping\n\n";  // a comment: clients of server-sent events skip it

std::chrono::microseconds since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
}

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, Shared& shared)
    : socket_(std::move(socket)),
      woken_timer_(socket_.get_executor(), Clock::time_point::max()),
      shared_(shared),
      parser_(shared.site.limits) {
  error_code ignored;
  const auto remote = socket_.remote_endpoint(ignored);
  record_.remote = remote.address().to_string();
  if (shared.tls) tls_ = std::make_unique<TlsSession>(shared.tls);
  ++shared_.connections;
}

Connection::~Connection() { --shared_.connections; }

void Connection::start(bool refuse) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  // The coroutine's frame holds `self`, so the connection lives as long as its session.
  asio::co_spawn(
      socket_.get_executor(), [self = shared_from_this(), refuse]() { return self->run(refuse); }, asio::detached);
}

void Connection::wake() {
  woken_ = true;
  woken_timer_.cancel();
}

asio::awaitable<void> Connection::wait() {
  error_code ignored;
  while (!woken_) co_await woken_timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  woken_ = false;
}

void Connection::sweep(Clock::time_point now) {
  if (now >= deadline_) {
    deadline_ = Clock::time_point::max();
    timed_out_ = true;
    error_code ignored;
    socket_.cancel(ignored);
    wake();
  } else if (now >= ping_at_) {
    wake();
  }
}

void Connection::drain() {
  if (phase_ == Phase::kIdle || phase_ == Phase::kReading) close();
}

void Connection::cancel() {
  if (phase_ != Phase::kAnswering || !exchange_) return;
  cancelled_ = true;
  exchange_->cancel();
}

void Connection::close() {
  gone_ = true;
  if (exchange_) exchange_->abandon();
  error_code ignored;
  socket_.close(ignored);
  wake();
}

void Connection::begin_read() {
  if (reading_ || gone_) return;
  reading_ = true;
  // Waiting, not reading: an idle connection needs no buffer.
  socket_.async_wait(asio::socket_base::wait_read,
                     [self = shared_from_this()](const error_code& error) { self->on_readable(error); });
}

void Connection::on_readable(const error_code& error) {
  reading_ = false;
  if (error) {
    wake();  // cancelled by a deadline, or closed
    return;
  }
  thread_local std::array<char, kReadAhead> scratch;
  error_code failure;
  const std::size_t length = socket_.read_some(asio::buffer(scratch), failure);
  if (!failure && tls_)
    take_sealed({scratch.data(), length});
  else if (!failure)
    inbox_.append(scratch.data(), length);
  else if (failure != asio::error::would_block)
    gone_ = true;
  if (phase_ == Phase::kAnswering) {  // nobody waits for the bytes: this watch is for a client that goes away
    if (gone_ && exchange_)
      exchange_->abandon();
    else if (inbox_.size() < kReadAhead)
      begin_read();
  } else if (failure == asio::error::would_block) {
    return begin_read();
  }
  wake();
}

void Connection::take_sealed(std::string_view bytes) {
  const bool before = tls_->established();
  const auto state = tls_->receive(bytes, inbox_, outbox_);
  if (!before && tls_->established() && phase_ == Phase::kIdle)
    deadline_ = Clock::now() + shared_.site.limits.idle_timeout;
  if (!writing_ && !outbox_.empty()) {  // a few hundred bytes: the system's buffer takes them
    error_code failure;
    outbox_.erase(0, socket_.write_some(asio::buffer(outbox_), failure));
  }
  if (state != TlsSession::State::kOpen || outbox_.size() > kUnsent) gone_ = true;
}

asio::awaitable<State> Connection::read_until(State wanted) {
  for (;;) {
    std::size_t used = 0;
    const State state = parser_.feed(inbox_, used);
    inbox_.erase(0, used);
    if (state == State::kFailed || state == wanted) co_return state;
    if (phase_ == Phase::kIdle && parser_.started()) {
      phase_ = Phase::kReading;
      deadline_ = Clock::now() + shared_.site.limits.header_timeout;
    }
    if (used > 0 && !inbox_.empty()) continue;
    if (gone_ || timed_out_ || shared_.stopping) co_return State::kNeedMore;
    begin_read();
    co_await wait();
  }
}

asio::awaitable<bool> Connection::write(std::string_view bytes) {
  deadline_ = Clock::now() + shared_.site.limits.write_timeout;
  if (tls_ && !bytes.empty() && !tls_->seal(bytes, outbox_)) gone_ = true;
  writing_ = true;
  std::string sealed;
  do {
    if (tls_) bytes = sealed = std::exchange(outbox_, {});
    while (!bytes.empty() && !gone_) {
      error_code error;
      const std::size_t written = socket_.write_some(asio::buffer(bytes.data(), bytes.size()), error);
      if (error == asio::error::would_block) {
        co_await socket_.async_wait(asio::socket_base::wait_write, asio::redirect_error(asio::use_awaitable, error));
        if (timed_out_ || error) gone_ = true;
      } else if (error) {
        gone_ = true;
      } else {
        bytes.remove_prefix(written);
        record_.bytes_out += static_cast<std::int64_t>(written);
        deadline_ = Clock::now() + shared_.site.limits.write_timeout;
      }
    }
  } while (!outbox_.empty() && !gone_);
  writing_ = false;
  deadline_ = Clock::time_point::max();
  co_return !gone_;
}

HeadFacts Connection::head_facts(bool keep, std::optional<std::size_t> length) const {
  return {.request_id = admission_.request.id,
          .trace = admission_.request.trace,
          .cors_origin = admission_.cors ? std::string_view(parser_.head().origin) : std::string_view(),
          .http10 = parser_.head().http10,
          .keep_alive = keep,
          .content_length = length};
}

asio::awaitable<bool> Connection::send_whole(const Response& response, bool keep) {
  record_.status = response.status;
  record_.first_byte = since(head_at_);
  std::string bytes = response_head(response, head_facts(keep, response.body.size()));
  if (parser_.head().method != "HEAD" && response.status != 204) bytes += response.body;
  const bool sent = co_await write(bytes);
  log_request(sent ? (cancelled_ ? Outcome::kCancelled : Outcome::kComplete) : Outcome::kClientGone);
  co_return sent&& keep;
}

void Connection::log_request(Outcome outcome) {
  record_.outcome = outcome;
  if (record_.status == 0) record_.status = 499;
  record_.request_id = admission_.request.id;
  record_.method = admission_.request.method;
  record_.path = admission_.request.path;
  record_.key_id = admission_.request.key_id;
  record_.trace = admission_.request.trace;
  record_.total = since(head_at_);
  record_.ended_at = std::chrono::system_clock::now();
  shared_.metrics.count(record_);
  if (shared_.on_request) shared_.on_request(record_);
}

asio::awaitable<bool> Connection::read_body() {
  deadline_ = Clock::now() + shared_.site.limits.body_timeout;
  if (parser_.head().expects_continue && inbox_.empty()) {
    const Clock::time_point until = deadline_;
    if (!co_await write(kContinue)) co_return false;
    deadline_ = until;
  }
  const State state = co_await read_until(State::kDone);
  deadline_ = Clock::time_point::max();
  if (state == State::kDone) co_return true;
  if (state == State::kFailed) {
    co_await send_whole(error_response(parser_.error(), dialect_of(admission_.request.path)), false);
  } else if (timed_out_) {
    ApiError slow{
        .status = 408, .message = "the request's body did not come in time", .param = std::nullopt, .code = "timeout"};
    timed_out_ = false;
    co_await send_whole(error_response(slow), false);
  } else {
    log_request(Outcome::kClientGone);
  }
  co_return false;
}

asio::awaitable<bool> Connection::serve_one() {
  parser_.reset();
  phase_ = Phase::kIdle;
  const auto& limits = shared_.site.limits;
  deadline_ = Clock::now() + (tls_ && !tls_->established() ? limits.header_timeout : limits.idle_timeout);
  const State state = co_await read_until(State::kHead);
  deadline_ = Clock::time_point::max();
  if (state == State::kNeedMore && !parser_.started()) co_return false;
  head_at_ = Clock::now();
  record_ = {.request_id = {},
             .remote = std::move(record_.remote),
             .method = {},
             .path = {},
             .route = {},
             .key_id = {},
             .trace = {}};
  const std::string id = fmt::format("req-{}-{}", shared_.run_id, shared_.next_request++);
  admission_ = {};
  admission_.request.id = id;
  phase_ = Phase::kReading;
  unread_ = parser_.started();  // until the whole request is here
  if (state == State::kFailed) {
    admission_.request.method = parser_.head().method;
    admission_.request.path = parser_.head().target.substr(0, parser_.head().target.find('?'));
    co_return co_await send_whole(error_response(parser_.error()), false);
  }
  if (state != State::kHead) {
    if (timed_out_ && parser_.started()) {
      timed_out_ = false;
      ApiError slow{.status = 408,
                    .message = "the request's header did not come in time",
                    .param = std::nullopt,
                    .code = "timeout"};
      co_await send_whole(error_response(slow), false);
    }
    co_return false;
  }
  admission_ = admit(parser_.head(), shared_.guard, shared_.keys, id);
  if (admission_.refusal) {
    std::size_t used = 0;
    unread_ = parser_.feed({}, used) != State::kDone;  // then what follows in the stream is a body that nobody reads
    co_return co_await send_whole(*admission_.refusal, !unread_ && parser_.head().keep_alive && !shared_.stopping);
  }
  admission_.request.client = admission_.request.key_id.empty() ? record_.remote : admission_.request.key_id;
  record_.route = admission_.route->pattern;
  if (!co_await read_body()) co_return false;
  unread_ = false;
  admission_.request.body = parser_.take_body();
  record_.bytes_in = static_cast<std::int64_t>(admission_.request.body.size());
  co_return co_await answer(*admission_.route);
}

void Connection::dispatch(const Route& route) {
  const Site& site = shared_.site;
  if (route.where == Where::kInline) return route.endpoint(site, admission_.request, *exchange_);
  Shared* shared = &shared_;
  auto run = [shared, endpoint = route.endpoint, exchange = exchange_, request = admission_.request]() {
    Error failure(ErrorCode::kInternal, "the endpoint did not answer");
    try {
      if (exchange->stop_token().stop_requested())
        failure = {ErrorCode::kCancelled, "the server is stopping"};
      else
        endpoint(shared->site, request, *exchange);
    } catch (const std::bad_alloc&) {
      failure = {ErrorCode::kOutOfMemory, "there is not enough memory for this request"};
    } catch (const std::exception& unexpected) {
      failure = {ErrorCode::kInternal, unexpected.what()};
    }
    if (!exchange->answered()) exchange->send(error_response(api_error(failure), dialect_of(request.path)));
    exchange->end({}, true);  // nothing, where the endpoint has ended its answer
    --shared->jobs;
  };
  ++shared_.jobs;
  if (shared_.pool.submit(std::move(run), exchange_->stop_token())) return begin_read();
  --shared_.jobs;
  const auto& limits = site.limits;
  exchange_->send(error_response(
      api_error({ErrorCode::kUnavailable, fmt::format("{} requests run and {} wait already; try again later",
                                                      limits.concurrent_requests, limits.queued_requests)}),
      dialect_of(admission_.request.path)));
}

asio::awaitable<bool> Connection::answer(const Route& route) {
  phase_ = Phase::kAnswering;
  cancelled_ = false;
  const auto executor = socket_.get_executor();
  exchange_ = std::make_shared<Exchange>(shared_.site.limits.stream_buffer_bytes,
                                         [executor, self = weak_from_this(), direct = route.where == Where::kInline] {
                                           if (direct) return;  // the answer is there before anybody waits for it
                                           asio::post(executor, [self] {
                                             if (const auto connection = self.lock()) connection->wake();
                                           });
                                         });
  dispatch(route);
  const bool keep = co_await pump();
  exchange_.reset();
  if (cancelled_)
    ++shared_.cancelled;
  else if (ended_while_stopping_)
    ++shared_.finished_while_stopping;
  co_return keep;
}

asio::awaitable<bool> Connection::pump() {
  const auto& limits = shared_.site.limits;
  bool keep = parser_.head().keep_alive;
  bool begun = false, chunked = false, events = false;
  for (;;) {
    ended_while_stopping_ = shared_.stopping;
    keep = keep && !ended_while_stopping_;
    Exchange::Taken taken = exchange_->take();
    if (taken.response) co_return co_await send_whole(*taken.response, keep);
    std::string out;
    if (taken.head) {
      begun = true;
      chunked = !parser_.head().http10;
      keep = keep && chunked;
      events = taken.head->content_type.starts_with("text/event-stream");
      record_.status = taken.head->status;
      record_.first_byte = since(head_at_);
      out = response_head(*taken.head, head_facts(keep, std::nullopt));
    }
    if (taken.bytes.empty() && events && Clock::now() >= ping_at_) taken.bytes = kPing;
    if (chunked)
      append_chunk(out, taken.bytes);
    else
      out += taken.bytes;
    if (taken.ended && chunked) out += kLastChunk;
    if (!out.empty()) {
      co_await write(out);
      if (events) ping_at_ = Clock::now() + limits.ping_interval;
    }
    if (taken.ended || gone_) ping_at_ = Clock::time_point::max();
    if (gone_) {
      exchange_->abandon();
      log_request(Outcome::kClientGone);
      co_return false;
    }
    if (taken.ended && begun) {
      log_request(cancelled_ ? Outcome::kCancelled : taken.broken ? Outcome::kFailed : Outcome::kComplete);
      co_return keep && !taken.broken;
    }
    co_await wait();
  }
}

// Closing a socket with unread bytes makes the system send a reset, which may destroy the answer before the client has
// read it. So: say that no more comes, and read what still comes, for a moment.
asio::awaitable<void> Connection::linger() {
  phase_ = Phase::kClosing;
  error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  deadline_ = Clock::now() + kLinger;
  timed_out_ = false;
  while (!gone_ && !timed_out_) {
    inbox_.clear();
    begin_read();
    co_await wait();
  }
}

asio::awaitable<void> Connection::run(bool refuse) {
  const auto self = shared_from_this();
  if (refuse) {
    admission_.request.id = fmt::format("req-{}-{}", shared_.run_id, shared_.next_request++);
    head_at_ = Clock::now();
    ApiError full =
        api_error({ErrorCode::kUnavailable, fmt::format("this server takes {} connections at once; try again later",
                                                        shared_.site.limits.connections)});
    const Response response = error_response(full);
    unread_ = true;
    co_await send_whole(response, false);
  } else {
    while (!shared_.stopping && co_await serve_one()) {
      if (++requests_without_pause_ % kRequestsInARow != 0) continue;
      co_await asio::post(socket_.get_executor(), asio::use_awaitable);
    }
  }
  if (tls_ && !gone_) {
    tls_->close(outbox_);
    co_await write({});
  }
  if (!gone_ && (unread_ || !inbox_.empty())) co_await linger();
  phase_ = Phase::kClosing;
  close();
}

}  // namespace zubr::server
