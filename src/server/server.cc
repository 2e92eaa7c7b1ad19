#include "server/server.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <mutex>
#include <random>
#include <thread>
#include <unordered_map>

#include "inference/one_model_host.h"
#include "server/classify/label_batcher.h"
#include "server/files/file_store.h"
#include "server/io/connection.h"
#include "server/lent_model.h"
#include "server/responses/response_store.h"

namespace zubr::server {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds kLongestSweep{250};
constexpr std::chrono::milliseconds kPoll{2};           // of stop(), which happens once
constexpr std::chrono::milliseconds kLastWords{2'000};  // for telling clients that they were cancelled
constexpr int kRefusals = 128;  // connections over the limit that are told so; others just close

// One I/O thread and the connections that live on it. Everything but `context` is touched on that thread only.
struct Loop {
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  asio::steady_timer sweep_timer{context};
  std::unordered_map<Connection*, std::weak_ptr<Connection>> connections;
  std::thread thread;

  template <typename Function>
  void for_each(Function function) {
    std::erase_if(connections, [](const auto& entry) { return entry.second.expired(); });
    std::vector<std::shared_ptr<Connection>> alive;
    for (const auto& entry : connections) alive.push_back(entry.second.lock());
    for (const auto& connection : alive) function(*connection);
  }
};

Result<asio::ip::address> listen_address(const ServerOptions& options) {
  error_code error;
  const auto address = asio::ip::make_address(options.host == "localhost" ? "127.0.0.1" : options.host, error);
  if (error)
    return fail(ErrorCode::kInvalidArgument,
                "cannot listen on '{}': it is not an address; give 127.0.0.1, ::1 or another one", options.host);
  const bool keys_needed = options.keys && options.keys->needed();
  if (!address.is_loopback() && !options.allow_public && !keys_needed)
    return fail(
        ErrorCode::kInvalidArgument,
        "will not listen on {}: other machines could use the models, and nobody needs a key; make one (zubr keys "
        "create), listen on 127.0.0.1, or say plainly that it is wanted (serve.allow_public)",
        options.host);
  return address;
}

Result<void> open_acceptor(tcp::acceptor& acceptor, const asio::ip::address& address, int port) {
  if (port < 0 || port > 65535)
    return fail(ErrorCode::kInvalidArgument, "cannot listen on port {}: a port is from 0 (any free one) to 65535",
                port);
  const tcp::endpoint endpoint(address, static_cast<std::uint16_t>(port));
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) return {};
  const std::string where = fmt::format("{}:{}", address.to_string(), port);
  if (error == asio::error::address_in_use)
    return fail(ErrorCode::kUnavailable, "cannot listen on {}: another program does; stop it or choose another port",
                where);
  if (error == asio::error::access_denied)
    return fail(ErrorCode::kPermissionDenied,
                "cannot listen on {}: the system does not allow it; ports from 1024 on are free "
                "to use",
                where);
  return fail(ErrorCode::kInvalidArgument, "cannot listen on {}: {}", where, error.message());
}

bool is_public(const ServerOptions& options) {
  const auto address = listen_address(options);
  return address && !address->is_loopback();
}

Result<std::shared_ptr<const TlsContext>> open_tls(const ServerOptions& options) {
  if (options.tls_cert.empty() && options.tls_key.empty()) return std::shared_ptr<const TlsContext>();
  if (options.tls_cert.empty() || options.tls_key.empty())
    return fail(ErrorCode::kInvalidArgument,
                "TLS needs a certificate and its key: set serve.tls_cert and serve.tls_key");
  return TlsContext::open(options.tls_cert, options.tls_key);
}

KeyCheck key_check(const std::shared_ptr<access::KeyRing>& keys) {
  if (!keys) return {};
  return [keys](std::string_view presented) { return keys->check(presented); };
}

std::string random_id() {
  std::random_device device;
  return fmt::format("{:08x}", device());
}

}  // namespace

struct Server::Impl {
  // What start() opens, because it may fail.
  struct Parts {
    std::shared_ptr<const TlsContext> tls;
    std::unique_ptr<ResponseStore> responses;
    std::unique_ptr<FileStore> files;
    std::unique_ptr<inference::ModelHost> host;  // null: it is the caller's
  };

  Impl(const ServerOptions& options, inference::ModelHost& the_host, Parts the_parts)
      : parts(std::move(the_parts)),
        shelf(options.shelf),
        desk(options.desk),
        host(the_host),
        shared(
            Site{the_host,
                 std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
                     .count(),
                 options.limits, [this] { return shared.stopping.load(); }, labels, options.shelf.get(),
                 options.version, [this] { return shared.jobs.load(); }, shared.metrics, *parts.responses,
                 parts.files.get(), options.fetch_media, options.desk.get()},
            OriginGuard(options.allowed_hosts, options.allowed_origins, is_public(options)), key_check(options.keys),
            parts.tls, options.on_request) {
    host.on_unload([this](const inference::Backend& gone) { labels.forget_scope(scope_of(gone)); });
    add_gauges();
    shared.run_id = random_id();
    for (int i = 0; i < std::max(options.io_threads, 1); ++i) loops.push_back(std::make_unique<Loop>());
    const auto& limits = options.limits;
    sweep_every = std::min({kLongestSweep, limits.idle_timeout / 4, limits.header_timeout / 4, limits.body_timeout / 4,
                            limits.write_timeout / 4, limits.ping_interval / 4});
    sweep_every = std::max(sweep_every, std::chrono::milliseconds(1));
  }

  ~Impl() { host.on_unload(nullptr); }

  void add_gauges();
  asio::awaitable<void> accept();
  asio::awaitable<void> sweep(Loop& loop);
  void admit(tcp::socket socket, Loop& loop);
  void run();
  void on_all_connections(void (Connection::*what)());
  bool quiet() const { return shared.connections == 0 && shared.jobs == 0; }
  bool wait_until_quiet(Clock::time_point until) const;
  StopReport stop(std::chrono::milliseconds deadline);

  const Parts parts;
  const std::shared_ptr<ModelShelf> shelf;
  const std::shared_ptr<catalog::Desk> desk;
  LabelBatcher labels;
  inference::ModelHost& host;
  Shared shared;  // outlives the loops, whose queues may hold what refers to it
  std::vector<std::unique_ptr<Loop>> loops;
  std::unique_ptr<tcp::acceptor> acceptor;
  std::chrono::milliseconds sweep_every{0};
  tcp::endpoint endpoint;
  std::atomic<int> refusing{0};
  std::mutex stop_mutex;
  std::optional<StopReport> report;
};

void Server::Impl::add_gauges() {
  Metrics& metrics = shared.metrics;
  metrics.add_gauge("zubr_start_time_seconds", "When the server started, in Unix time.",
                    [at = shared.site.started_at] { return static_cast<double>(at); });
  metrics.add_gauge("zubr_http_connections", "Open connections.", [this] { return double(shared.connections); });
  metrics.add_gauge("zubr_requests_running", "Requests that are worked on, or wait to be.",
                    [this] { return double(shared.jobs); });
  metrics.add_gauge("zubr_requests_waiting", "Requests that wait for a thread.",
                    [this] { return double(shared.pool.waiting()); });
  metrics.add_gauge("zubr_requests_running_limit", "The most that are worked on at once.",
                    [this] { return double(shared.site.limits.concurrent_requests); });
  metrics.add_gauge("zubr_requests_waiting_limit", "The most that may wait; more are told to try later.",
                    [this] { return double(shared.site.limits.queued_requests); });
  metrics.add_gauge("zubr_models_loaded", "Models in memory.", [this] { return double(host.loaded().size()); });
}

asio::awaitable<void> Server::Impl::accept() {
  asio::steady_timer pause(loops.front()->context);
  for (std::size_t next = 0; !shared.stopping; ++next) {
    Loop& loop = *loops[next % loops.size()];
    error_code error;
    tcp::socket socket =
        co_await acceptor->async_accept(loop.context, asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted) break;
    if (error) {  // out of file descriptors, most likely: wait for some to close
      pause.expires_after(std::chrono::milliseconds(50));
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    auto holder = std::make_shared<tcp::socket>(std::move(socket));
    asio::post(loop.context, [this, &loop, holder] { admit(std::move(*holder), loop); });
  }
}

void Server::Impl::admit(tcp::socket socket, Loop& loop) {
  const int open = shared.connections;
  const bool refuse = open >= shared.site.limits.connections;
  if (shared.stopping || open >= shared.site.limits.connections + kRefusals) return;  // closes
  auto connection = std::make_shared<Connection>(std::move(socket), shared);
  loop.connections[connection.get()] = connection;
  connection->start(refuse);
}

asio::awaitable<void> Server::Impl::sweep(Loop& loop) {
  for (;;) {
    loop.sweep_timer.expires_after(sweep_every);
    error_code error;
    co_await loop.sweep_timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return;
    const auto now = Clock::now();
    loop.for_each([now](Connection& connection) { connection.sweep(now); });
  }
}

void Server::Impl::run() {
  asio::co_spawn(loops.front()->context, accept(), asio::detached);
  for (auto& loop : loops) {
    asio::co_spawn(loop->context, sweep(*loop), asio::detached);
    loop->thread = std::thread([&context = loop->context] { context.run(); });
  }
}

void Server::Impl::on_all_connections(void (Connection::*what)()) {
  for (auto& loop : loops) {
    asio::post(loop->context,
               [&loop = *loop, what] { loop.for_each([what](Connection& connection) { (connection.*what)(); }); });
  }
}

bool Server::Impl::wait_until_quiet(Clock::time_point until) const {
  while (!quiet() && Clock::now() < until) std::this_thread::sleep_for(kPoll);
  return quiet();
}

StopReport Server::Impl::stop(std::chrono::milliseconds deadline) {
  const std::lock_guard lock(stop_mutex);
  if (report) return *report;
  const auto until = Clock::now() + deadline;
  shared.stopping = true;
  asio::post(loops.front()->context, [this] {
    error_code already_closed;
    acceptor->close(already_closed);
  });
  on_all_connections(&Connection::drain);
  if (!wait_until_quiet(until)) {
    on_all_connections(&Connection::cancel);
    if (!wait_until_quiet(Clock::now() + kLastWords)) on_all_connections(&Connection::close);
  }
  shared.pool.join();  // a Backend call ends soon after its stop_token says so; until then it needs us
  wait_until_quiet(Clock::time_point::max());
  for (auto& loop : loops) loop->context.stop();
  for (auto& loop : loops) loop->thread.join();
  error_code ignored;
  acceptor->close(ignored);  // where the loop had no time for it
  report = StopReport{.finished = shared.finished_while_stopping, .cancelled = shared.cancelled};
  return *report;
}

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, inference::ModelHost& host) {
  return start(std::move(options), host, nullptr);
}

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, inference::Backend& backend) {
  auto one = std::make_unique<inference::OneModelHost>(backend);
  inference::ModelHost& host = *one;
  return start(std::move(options), host, std::move(one));
}

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, inference::ModelHost& host,
                                              std::unique_ptr<inference::ModelHost> owned) {
  ZUBR_TRY(address, listen_address(options));
  ZUBR_TRY(tls, open_tls(options));
  const bool keeps = !options.folder.empty();
  ZUBR_TRY(responses, ResponseStore::open(keeps ? options.folder / "responses.db" : std::filesystem::path()));
  std::unique_ptr<FileStore> files;
  if (keeps) {
    ZUBR_TRY(opened, FileStore::open(options.folder / "files"));
    files = std::move(opened);
  }
  auto impl = std::make_unique<Impl>(
      options, host, Impl::Parts{std::move(tls), std::move(responses), std::move(files), std::move(owned)});
  impl->acceptor = std::make_unique<tcp::acceptor>(impl->loops.front()->context);
  ZUBR_CHECK(open_acceptor(*impl->acceptor, address, options.port));
  error_code error;
  impl->endpoint = impl->acceptor->local_endpoint(error);
  impl->run();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { stop(std::chrono::milliseconds(0)); }

int Server::port() const { return impl_->endpoint.port(); }

std::string Server::url() const {
  const auto address = impl_->endpoint.address();
  const std::string_view scheme = impl_->shared.tls ? "https" : "http";
  return address.is_v6() ? fmt::format("{}://[{}]:{}", scheme, address.to_string(), port())
                         : fmt::format("{}://{}:{}", scheme, address.to_string(), port());
}

StopReport Server::stop(std::chrono::milliseconds deadline) { return impl_->stop(deadline); }

}  // namespace zubr::server
