// What HTTP and JSON cost per request: our server over the FakeBackend, driven over loopback by one thread of this
// program with kept-alive connections. No model runs, so all time is the face's own (and the client's, which is
// counted).
//
//   http_load [seconds per figure, default 3]
//
// http_request_us: median time of a one-token chat completion on one connection, whose client never sleeps, so that the
// time to wake it is not counted. http_rps: chat completions per second
// on 32 connections. healthz is printed beside them. The "peer" is the aim of the issue: 100 µs, 20,000 per second.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "figure.h"
#include "inference/fake_backend.h"
#include "server/server.h"

namespace {

using Clock = std::chrono::steady_clock;
constexpr double kAimMicroseconds = 100;
constexpr double kAimPerSecond = 20'000;

struct Connection {
  int socket = -1;
  std::string received;
  Clock::time_point asked_at;
};

struct Load {
  double per_second = 0;
  double p50_us = 0;
  double p99_us = 0;
  double cpu_us = 0;  // processor time of server and client together, per request
};

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

[[noreturn]] void die(const char* what) {
  fmt::print(stderr, "http_load: {}\n", what);
  std::exit(1);
}

Connection connect_to(int port) {
  Connection connection{.socket = ::socket(AF_INET, SOCK_STREAM, 0), .received = {}, .asked_at = {}};
  const int on = 1;
  ::setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(connection.socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    die("cannot connect");
  return connection;
}

void ask(Connection& connection, const std::string& request) {
  connection.asked_at = Clock::now();
  if (::send(connection.socket, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
    die("cannot send");
}

// True when a whole answer is there.
bool receive(Connection& connection) {
  char buffer[8192];
  const auto got = ::recv(connection.socket, buffer, sizeof buffer, 0);
  if (got <= 0) die("the server closed the connection");
  connection.received.append(buffer, static_cast<std::size_t>(got));
  const auto head_end = connection.received.find("\r\n\r\n");
  if (head_end == std::string::npos) return false;
  if (!connection.received.starts_with("HTTP/1.1 200")) die(connection.received.c_str());
  const auto length = connection.received.find("Content-Length: ");
  if (length > head_end) die("an answer without a length");
  const auto body = std::strtoul(connection.received.c_str() + length + 16, nullptr, 10);
  if (connection.received.size() < head_end + 4 + body) return false;
  connection.received.clear();
  return true;
}

Load run(int port, const std::string& request, int connections, std::chrono::duration<double> time) {
  const int poll = ::epoll_create1(0);
  std::vector<Connection> all;
  for (int i = 0; i < connections; ++i) all.push_back(connect_to(port));
  for (std::size_t i = 0; i < all.size(); ++i) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
    ::epoll_ctl(poll, EPOLL_CTL_ADD, all[i].socket, &event);
    ask(all[i], request);
  }
  std::vector<double> latencies;
  const double cpu_start = cpu_seconds();
  const auto start = Clock::now();
  while (Clock::now() - start < time) {
    epoll_event ready[64];
    const int count = ::epoll_wait(poll, ready, 64, connections == 1 ? 0 : 1000);
    for (int i = 0; i < count; ++i) {
      Connection& connection = all[ready[i].data.u64];
      if (!receive(connection)) continue;
      latencies.push_back(std::chrono::duration<double, std::micro>(Clock::now() - connection.asked_at).count());
      ask(connection, request);
    }
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  const double cpu = cpu_seconds() - cpu_start;
  for (const auto& connection : all) ::close(connection.socket);
  ::close(poll);
  if (latencies.empty()) die("no answer came");
  std::sort(latencies.begin(), latencies.end());
  return {.per_second = static_cast<double>(latencies.size()) / seconds,
          .p50_us = latencies[latencies.size() / 2],
          .p99_us = latencies[latencies.size() * 99 / 100],
          .cpu_us = cpu / static_cast<double>(latencies.size()) * 1e6};
}

}  // namespace

int main(int argc, char** argv) {
  using namespace zubr;
  const std::chrono::duration<double> time(argc > 1 ? std::atof(argv[1]) : 3.0);
  inference::FakeBackend backend;
  auto server = server::Server::start({}, backend);
  if (!server) die(server.error().message().c_str());
  const int port = (*server)->port();
  const std::string body = R"({"model":"fake","messages":[{"role":"user","content":"Say one token."}],"max_tokens":1})";
  const std::string head = "Host: localhost\r\n";
  const std::string health = "GET /healthz HTTP/1.1\r\n" + head + "\r\n";
  const std::string chat = fmt::format(
      "POST /v1/chat/completions HTTP/1.1\r\n{}Content-Type: application/json\r\n"
      "Content-Length: {}\r\n\r\n{}",
      head, body.size(), body);
  run(port, chat, 32, time / 10);  // threads and caches
  for (const int connections : {1, 32}) {
    for (const auto& [name, request] : {std::pair{"healthz", health}, std::pair{"chat, 1 token", chat}}) {
      const Load load = run(port, request, connections, time);
      fmt::print("{:14} {:3} connections: {:8.0f} requests/s, p50 {:6.1f} µs, p99 {:6.1f} µs", name, connections,
                 load.per_second, load.p50_us, load.p99_us);
      if (connections > 1) fmt::print(", {:5.1f} µs of processor", load.cpu_us);  // one spins
      fmt::print("\n");
      if (request != chat) continue;
      const bool one = connections == 1;
      bench::Figure figure{.name = one ? "http_request_us" : "http_rps",
                           .value = one ? load.p50_us : load.per_second,
                           .unit = one ? "us" : "requests/s",
                           .peer = "aim",
                           .peer_value = one ? kAimMicroseconds : kAimPerSecond,
                           .ratio = one ? kAimMicroseconds / load.p50_us : load.per_second / kAimPerSecond,
                           .command = fmt::format("build/release/bench/http_load {}", time.count())};
      bench::show(figure);
      if (const char* file = std::getenv("BENCH_JSONL")) bench::append(figure, file);
    }
  }
  return 0;
}
