// The server with many clients at once, good and bad, over a backend that costs nothing. Short by default;
// ZUBR_LOAD_SECONDS=60 is the long run.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>

#include "server/server.h"
#include "server/testing/http_client.h"
#include "server/testing/script_backend.h"

namespace zubr::server {
namespace {

using Clock = std::chrono::steady_clock;
using inference::Generation;
using testing::Client;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // its bookkeeping is the memory that would be measured
#else
constexpr bool kSanitized = false;
#endif

constexpr int kClients = 200;
constexpr int kPieces = 40;
constexpr std::int64_t kMiB = 1 << 20;

std::chrono::seconds duration() {
  const char* wanted = std::getenv("ZUBR_LOAD_SECONDS");
  return std::chrono::seconds(wanted ? std::atoi(wanted) : 2);
}

std::int64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::int64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * ::sysconf(_SC_PAGESIZE);
}

// As many file descriptors as the system lets us have.
std::int64_t raise_file_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<std::int64_t>(std::min<rlim_t>(limit.rlim_cur, 1 << 20));
}

int open_socket(int port) {
  const int made = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (made < 0 || ::connect(made, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (made >= 0) ::close(made);
    return -1;
  }
  return made;
}

// The number behind a metric's name.
double metric(int port, const std::string& name) {
  const std::string text = Client(port).ask(testing::get("/metrics")).body;
  const auto at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
}

// What one client does with one connection.
enum class Habit { kReads, kVanishes, kHalfBody, kHalfHeader, kStopsReading };

class Swarm {
 public:
  explicit Swarm(int port) : port_(port) { clients_.resize(kClients); }
  ~Swarm() {
    for (One& one : clients_) drop(one, false);
  }

  void run(Clock::time_point until) {
    std::vector<pollfd> watched;
    while (Clock::now() < until) {
      watched.clear();
      for (One& one : clients_) {
        if (one.socket < 0) begin(one);
        watched.push_back({.fd = one.socket, .events = POLLIN, .revents = 0});
      }
      ::poll(watched.data(), watched.size(), 10);
      for (std::size_t i = 0; i < watched.size(); ++i) {
        if (watched[i].revents != 0) take(clients_[i]);
      }
    }
  }

  std::int64_t whole = 0, broken = 0, gone = 0;

 private:
  struct One {
    int socket = -1;
    Habit habit = Habit::kReads;
    std::string received;
  };

  void begin(One& one) {
    one = {.socket = open_socket(port_),
           .habit = habits_(random_) < 6 ? Habit::kReads : Habit(1 + pick_(random_)),
           .received = {}};
    if (one.socket < 0) return;
    std::string request = testing::chat(R"("stream":true)");
    if (one.habit == Habit::kHalfBody) request.resize(request.size() - 5);
    if (one.habit == Habit::kHalfHeader) request.resize(30);
    (void)!::send(one.socket, request.data(), request.size(), MSG_NOSIGNAL);
    if (one.habit == Habit::kHalfBody || one.habit == Habit::kHalfHeader) drop(one, true);
  }

  void take(One& one) {
    char buffer[16'384];
    const auto got = ::recv(one.socket, buffer, sizeof buffer, MSG_DONTWAIT);
    if (got > 0) one.received.append(buffer, static_cast<std::size_t>(got));
    if (one.habit == Habit::kVanishes || one.habit == Habit::kStopsReading) return drop(one, true);
    if (one.received.find("0\r\n\r\n") != std::string::npos) {
      ++(one.received.find("data: [DONE]") != std::string::npos ? whole : broken);
      return drop(one, false);
    }
    if (got > 0 || (got < 0 && errno == EAGAIN)) return;
    ++broken;
    drop(one, false);
  }

  void drop(One& one, bool reset) {
    if (one.socket < 0) return;
    const linger now{1, 0};
    if (reset) ::setsockopt(one.socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    if (reset) ++gone;
    ::close(std::exchange(one.socket, -1));
  }

  const int port_;
  std::vector<One> clients_;
  std::mt19937 random_{7};
  std::uniform_int_distribution<int> habits_{0, 9}, pick_{0, 3};
};

testing::ScriptBackend streaming(std::atomic<int>& running) {
  return testing::ScriptBackend([&](const auto&, const auto& sink, std::stop_token stop) -> Result<Generation> {
    ++running;
    Generation made{.text = {}, .usage = {.prompt_tokens = 1, .completion_tokens = kPieces}};
    for (int i = 0; i < kPieces && !stop.stop_requested(); ++i) {
      sink(inference::TextDelta{"twelve bytes"});
      made.text += "twelve bytes";
    }
    --running;
    if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
    return made;
  });
}

TEST(Load, StreamsAndClientsThatVanishLeaveNothingBehind) {
  raise_file_limit();
  std::atomic<int> running{0};
  testing::ScriptBackend backend = streaming(running);
  const auto server = *Server::start({}, backend);
  std::int64_t before = 0;
  {
    Swarm swarm(server->port());
    swarm.run(Clock::now() + duration());  // buffers and threads are made
    before = resident_bytes();
    swarm.run(Clock::now() + duration());
    std::cerr << fmt::format("{} streams whole, {} broken, {} clients vanished in {} s; {:.1f} MiB more\n", swarm.whole,
                             swarm.broken, swarm.gone, 2 * duration().count(),
                             static_cast<double>(resident_bytes() - before) / kMiB);
    EXPECT_GT(swarm.whole, 2 * kClients);
    EXPECT_GT(swarm.gone, kClients);
    EXPECT_EQ(swarm.broken, 0) << "a client that did nothing wrong got no whole answer";
  }
  if (!kSanitized) {
    EXPECT_LT(resident_bytes() - before, 24 * kMiB);
  }
  // Nobody is left: no slot, no thread, no connection.
  const auto deadline = Clock::now() + testing::kPatience;
  while (Clock::now() < deadline &&
         (metric(server->port(), "zubr_requests_running") > 0 || metric(server->port(), "zubr_http_connections") > 1)) {
  }
  EXPECT_EQ(metric(server->port(), "zubr_requests_running"), 0);
  EXPECT_EQ(metric(server->port(), "zubr_requests_waiting"), 0);
  EXPECT_LE(metric(server->port(), "zubr_http_connections"), 2) << "ours, and one that is just going";
  EXPECT_EQ(running, 0);
  EXPECT_EQ(Client(server->port()).ask(testing::chat()).status, 200);
  EXPECT_EQ(server->stop(std::chrono::seconds(10)).cancelled, 0);
}

// A process that holds idle connections, because both ends together need more descriptors than one may have.
class Crowd {
 public:
  // Before there are threads: forks.
  Crowd() {
    int ours_to_theirs[2], theirs_to_ours[2];
    if (::pipe(ours_to_theirs) != 0 || ::pipe(theirs_to_ours) != 0) return;
    child_ = ::fork();
    if (child_ == 0) {
      ::close(ours_to_theirs[1]);
      hold(ours_to_theirs[0], theirs_to_ours[1]);
    }
    ::close(ours_to_theirs[0]);
    ::close(theirs_to_ours[1]);
    to_child_ = ours_to_theirs[1];
    from_child_ = theirs_to_ours[0];
  }
  ~Crowd() {
    leave();
    ::close(from_child_);
    ::waitpid(child_, nullptr, 0);
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  // How many connections it could open.
  int connect(int port, int count) const {
    const int order[2] = {port, count};
    int opened = -1;
    if (::write(to_child_, order, sizeof order) != sizeof order) return -1;
    return ::read(from_child_, &opened, sizeof opened) == sizeof opened ? opened : -1;
  }
  void leave() {
    if (to_child_ >= 0) ::close(std::exchange(to_child_, -1));
  }

 private:
  [[noreturn]] static void hold(int from_parent, int to_parent) {
    int order[2] = {0, 0}, opened = 0;
    if (::read(from_parent, order, sizeof order) != sizeof order) ::_exit(1);
    while (opened < order[1] && open_socket(order[0]) >= 0) ++opened;
    char end = 0;
    if (::write(to_parent, &opened, sizeof opened) == sizeof opened) (void)!::read(from_parent, &end, 1);
    ::_exit(0);
  }

  pid_t child_ = -1;
  int to_child_ = -1, from_child_ = -1;
};

TEST(Load, TenThousandIdleConnectionsCostLittleAndOthersAreServed) {
  constexpr int kWanted = kSanitized ? 1'000 : 10'000;
  constexpr int kOther = 200;  // descriptors of everything else
  const std::int64_t allowed = raise_file_limit();
  if (allowed < kWanted + kOther) {
    std::cerr << fmt::format(
        "SKIPPED: {} idle connections need {} file descriptors and only {} are allowed (ulimit -n)\n", kWanted,
        kWanted + kOther, allowed);
    GTEST_SKIP() << "too few file descriptors: " << allowed;
  }
  Crowd crowd;
  inference::FakeBackend backend;
  ServerOptions options;
  options.limits.connections = kWanted + 100;
  options.limits.idle_timeout = std::chrono::minutes(10);
  const auto server = *Server::start(options, backend);
  ASSERT_EQ(Client(server->port()).ask(testing::chat()).status, 200);
  const std::int64_t before = resident_bytes();
  ASSERT_EQ(crowd.connect(server->port(), kWanted), kWanted);
  const auto connections = [&] { return metric(server->port(), "zubr_http_connections"); };
  const auto deadline = Clock::now() + testing::kPatience;
  while (Clock::now() < deadline && connections() < kWanted) {
  }
  EXPECT_GE(connections(), kWanted);
  const std::int64_t each = (resident_bytes() - before) / kWanted;
  std::cerr << fmt::format("{} idle connections: {} bytes each\n", kWanted, each);
  if (!kSanitized) {
    EXPECT_LT(each, 16'384);
  }
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Client(server->port()).ask(testing::chat()).status, 200);
  crowd.leave();
  const auto until = Clock::now() + testing::kPatience;
  while (Clock::now() < until && connections() > 2) {
  }
  EXPECT_LE(connections(), 2);
}

}  // namespace
}  // namespace zubr::server
