// Connection: one client's socket, its requests one after the other. Internal to the server: includes Asio.
//
// Threads: everything runs on the connection's loop, a single thread; only the Exchange's wake comes from elsewhere,
// and it is posted. Shared by: the session coroutine, pending socket operations, and the loop's list (weakly).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/exchange.h"
#include "server/gate.h"
#include "server/io/tls_session.h"
#include "server/metrics/metrics.h"
#include "server/request_parser.h"
#include "server/response_head.h"
#include "server/routes.h"
#include "server/worker_pool.h"

namespace zubr::server {

using Clock = std::chrono::steady_clock;

// What all connections of a server share. Outlives them.
struct Shared {
  Shared(Site the_site, OriginGuard the_guard, KeyCheck the_keys, std::shared_ptr<const TlsContext> the_tls,
         std::function<void(const AccessRecord&)> log)
      : site(std::move(the_site)),
        guard(std::move(the_guard)),
        keys(std::move(the_keys)),
        tls(std::move(the_tls)),
        on_request(std::move(log)),
        pool(site.limits.concurrent_requests, site.limits.queued_requests) {}

  const Site site;
  const OriginGuard guard;
  const KeyCheck keys;
  const std::shared_ptr<const TlsContext> tls;  // shared with the sessions; null: plain HTTP
  const std::function<void(const AccessRecord&)> on_request;
  Metrics metrics;
  WorkerPool pool;
  std::atomic<bool> stopping{false};
  std::atomic<std::uint64_t> next_request{1};
  std::atomic<int> connections{0};
  std::atomic<int> jobs{0};  // in the pool; they may outlive their connection
  std::atomic<std::int64_t> finished_while_stopping{0};
  std::atomic<std::int64_t> cancelled{0};
  std::string run_id;  // makes request ids of two runs differ
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::ip::tcp::socket socket, Shared& shared);
  ~Connection();

  void start(bool refuse);            // `refuse`: too many connections, say so and close
  void sweep(Clock::time_point now);  // called a few times a second: deadlines and pings
  void drain();                       // close as soon as no request is being answered
  void cancel();                      // stop the request that is being answered
  void close();                       // now

 private:
  enum class Phase { kIdle, kReading, kAnswering, kClosing };
  template <typename T>
  using Awaitable = boost::asio::awaitable<T>;

  Awaitable<void> run(bool refuse);
  Awaitable<bool> serve_one();
  Awaitable<RequestParser::State> read_until(RequestParser::State wanted);
  Awaitable<bool> read_body();
  Awaitable<bool> answer(const Route& route);
  Awaitable<bool> pump();
  Awaitable<bool> send_whole(const Response& response, bool keep);
  Awaitable<bool> write(std::string_view bytes);
  Awaitable<void> wait();
  Awaitable<void> linger();

  void begin_read();
  void on_readable(const boost::system::error_code& error);
  void take_sealed(std::string_view bytes);
  void wake();
  void dispatch(const Route& route);
  HeadFacts head_facts(bool keep, std::optional<std::size_t> length) const;
  void log_request(Outcome outcome);

  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer woken_timer_;
  Shared& shared_;
  RequestParser parser_;
  std::string inbox_;                // read, not yet parsed
  std::unique_ptr<TlsSession> tls_;  // null: plain HTTP
  std::string outbox_;               // sealed, not yet sent
  std::shared_ptr<Exchange> exchange_;
  Admission admission_;
  AccessRecord record_;
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point ping_at_ = Clock::time_point::max();
  Clock::time_point head_at_;
  Phase phase_ = Phase::kIdle;
  int requests_without_pause_ = 0;
  bool woken_ = false;
  bool writing_ = false;
  bool reading_ = false;  // a wait for readability is pending
  bool gone_ = false;     // the client closed, or the connection broke
  bool timed_out_ = false;
  bool cancelled_ = false;  // by cancel()
  bool ended_while_stopping_ = false;
  bool unread_ = false;  // an answer was given without reading the whole request
};

}  // namespace zubr::server
