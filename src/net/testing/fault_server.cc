#include "net/testing/fault_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include <fmt/format.h>

#include "net/message_fields.h"

namespace zubr::net::testing {
namespace {

constexpr std::size_t kPiece = 16 << 10;

std::optional<ByteRange> parse_range(std::string_view value) {
  if (!value.starts_with("bytes=")) return std::nullopt;
  value.remove_prefix(6);
  const std::size_t dash = value.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = parse_length(value.substr(0, dash));
  if (!first) return std::nullopt;
  return ByteRange{*first, parse_length(value.substr(dash + 1))};
}

std::optional<Received> parse_head(std::string_view head) {
  Received request;
  const std::size_t line_end = head.find("\r\n");
  const std::string_view line = head.substr(0, line_end);
  const std::size_t first = line.find(' ');
  const std::size_t second = line.find(' ', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return std::nullopt;
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, second - first - 1);
  head.remove_prefix(line_end + 2);
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view field = head.substr(0, end);
    if (const std::size_t colon = field.find(':'); colon != std::string_view::npos)
      request.headers.add(std::string(field.substr(0, colon)), std::string(trim(field.substr(colon + 1))));
    head.remove_prefix(std::min(end + 2, head.size()));
  }
  request.range = parse_range(request.headers.get("range"));
  return request;
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

struct FaultServer::State {
  Handler handler;
  int listener = -1;
  int port = 0;
  std::shared_ptr<const std::function<void(std::size_t)>> observer;  // guarded by mutex
  mutable std::mutex mutex;
  std::vector<Received> received;         // guarded by mutex
  std::set<int> sockets;                  // guarded by mutex
  std::vector<std::jthread> connections;  // guarded by mutex
  std::atomic<bool> stopping = false;
  std::jthread acceptor;

  std::shared_ptr<const std::function<void(std::size_t)>> watcher() const {
    const std::lock_guard lock(mutex);
    return observer;
  }

  void accept_all() {
    for (;;) {
      const int socket = ::accept(listener, nullptr, nullptr);
      if (socket < 0) return;
      const int one = 1;
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      const std::lock_guard lock(mutex);
      if (stopping) {
        ::close(socket);
        return;
      }
      sockets.insert(socket);
      connections.emplace_back([this, socket] { serve(socket); });
    }
  }

  void serve(int socket) {
    std::string buffer;
    while (auto request = read_request(socket, buffer)) {
      {
        const std::lock_guard lock(mutex);
        received.push_back(*request);
      }
      if (!answer(socket, *request, handler(*request))) break;
    }
    const std::lock_guard lock(mutex);
    sockets.erase(socket);
    ::close(socket);
  }

  static bool receive(int socket, std::string& buffer) {
    char bytes[kPiece];
    const ssize_t got = ::recv(socket, bytes, sizeof bytes, 0);
    if (got <= 0) return false;
    buffer.append(bytes, static_cast<std::size_t>(got));
    return true;
  }

  static std::optional<Received> read_request(int socket, std::string& buffer) {
    std::size_t end = 0;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos)
      if (!receive(socket, buffer)) return std::nullopt;
    auto request = parse_head(std::string_view(buffer).substr(0, end + 2));
    if (!request) return std::nullopt;
    const std::size_t body = parse_length(request->headers.get("content-length")).value_or(0);
    while (buffer.size() < end + 4 + body)
      if (!receive(socket, buffer)) return std::nullopt;
    request->body = buffer.substr(end + 4, body);
    buffer.erase(0, end + 4 + body);
    return request;
  }

  // False when the connection is over.
  bool answer(int socket, const Received& request, const Reply& reply) {
    std::string head = fmt::format("HTTP/1.1 {} Scripted\r\n", reply.status);
    for (const Header& header : reply.headers) head += fmt::format("{}: {}\r\n", header.name, header.value);
    if (!reply.no_length && !reply.headers.find("content-length"))
      head += fmt::format("Content-Length: {}\r\n", reply.declared_length.value_or(reply.body.size()));
    if (reply.no_length) head += "Connection: close\r\n";
    if (!send_all(socket, head + "\r\n")) return false;
    if (request.method == "HEAD") return true;
    const std::uint64_t limit = std::min(reply.drop_after.value_or(UINT64_MAX), reply.stall_after.value_or(UINT64_MAX));
    std::string_view body = std::string_view(reply.body).substr(0, std::min<std::uint64_t>(limit, reply.body.size()));
    while (!body.empty()) {
      const std::string_view piece = body.substr(0, kPiece);
      if (const auto watch = watcher()) (*watch)(piece.size());
      if (!send_all(socket, piece)) return false;
      body.remove_prefix(piece.size());
    }
    if (reply.stall_after) {
      std::string rest;
      while (receive(socket, rest)) rest.clear();  // until the client gives up or the server ends
      return false;
    }
    const bool lied = reply.declared_length && *reply.declared_length != reply.body.size();
    return !reply.drop_after && !reply.no_length && !lied;
  }
};

FaultServer::FaultServer(Handler handler) : state_(std::make_unique<State>()) {
  state_->handler = std::move(handler);
  state_->listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (state_->listener < 0 || ::bind(state_->listener, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::listen(state_->listener, 64) != 0 ||
      ::getsockname(state_->listener, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    throw std::runtime_error("cannot listen on 127.0.0.1");
  state_->port = ntohs(address.sin_port);
  state_->acceptor = std::jthread([state = state_.get()] { state->accept_all(); });
}

FaultServer::~FaultServer() {
  state_->stopping = true;
  ::shutdown(state_->listener, SHUT_RDWR);
  state_->acceptor.join();
  ::close(state_->listener);
  std::vector<std::jthread> connections;
  {
    const std::lock_guard lock(state_->mutex);
    for (const int socket : state_->sockets) ::shutdown(socket, SHUT_RDWR);
    connections.swap(state_->connections);
  }
  connections.clear();  // joins
}

int FaultServer::port() const { return state_->port; }
std::string FaultServer::base() const { return fmt::format("http://127.0.0.1:{}", port()); }
std::string FaultServer::url(std::string_view target) const { return base() + std::string(target); }
std::string FaultServer::localhost_url(std::string_view target) const {
  return fmt::format("http://localhost:{}{}", port(), target);
}

std::vector<Received> FaultServer::requests() const {
  const std::lock_guard lock(state_->mutex);
  return state_->received;
}

void FaultServer::on_send(std::function<void(std::size_t)> observer) {
  auto shared = std::make_shared<const std::function<void(std::size_t)>>(std::move(observer));
  const std::lock_guard lock(state_->mutex);
  state_->observer = std::move(shared);
}

Reply serve_file(const Received& request, std::string_view bytes, std::string_view etag) {
  Reply reply;
  reply.headers.add("Accept-Ranges", "bytes");
  if (!etag.empty()) reply.headers.add("ETag", std::string(etag));
  if (!request.range) {
    reply.body = bytes;
  } else if (request.range->first >= bytes.size()) {
    reply.status = 416;
    reply.headers.add("Content-Range", fmt::format("bytes */{}", bytes.size()));
  } else {
    const std::uint64_t last = std::min<std::uint64_t>(request.range->last.value_or(UINT64_MAX), bytes.size() - 1);
    reply.status = 206;
    reply.headers.add("Content-Range", fmt::format("bytes {}-{}/{}", request.range->first, last, bytes.size()));
    reply.body = bytes.substr(request.range->first, last - request.range->first + 1);
  }
  if (request.method == "HEAD") {
    reply.declared_length = bytes.size();
  }
  return reply;
}

}  // namespace zubr::net::testing
