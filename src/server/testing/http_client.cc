#include "server/testing/http_client.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <stdexcept>
#include <utility>

namespace zubr::server::testing {

std::string Answer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

std::vector<std::string> Answer::events() const {
  std::vector<std::string> all;
  std::string_view rest = body;
  while (!rest.empty()) {
    const auto end = rest.find("\n\n");
    const std::string_view event = rest.substr(0, end);
    if (event.starts_with("data: ")) all.emplace_back(event.substr(6));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 2);
  }
  return all;
}

Client::Client(int port, int receive_buffer_bytes) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  const timeval timeout{20, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  if (receive_buffer_bytes > 0)
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error(fmt::format("cannot connect to port {}", port));
}

Client::~Client() {
  if (socket_ >= 0) ::close(socket_);
}

Client::Client(Client&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), unread_(std::move(other.unread_)) {}

void Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the server closed: the test sees that when it reads
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

std::string Client::read_some() {
  if (!unread_.empty()) return std::exchange(unread_, {});
  char buffer[16384];
  const auto got = ::recv(socket_, buffer, sizeof buffer, 0);
  return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : "";
}

bool Client::ended() {
  char buffer[16384];
  for (;;) {
    const auto got = ::recv(socket_, buffer, sizeof buffer, 0);
    if (got == 0) return true;
    if (got < 0) return errno == ECONNRESET;
  }
}

void Client::half_close() { ::shutdown(socket_, SHUT_WR); }

void Client::vanish() {
  const linger now{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(std::exchange(socket_, -1));
}

namespace {

void read_head(std::string_view head, Answer& answer) {
  answer.status = std::stoi(std::string(head.substr(9, 3)));
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    if (const auto colon = line.find(": "); colon != std::string_view::npos) {
      std::string name(line.substr(0, colon));
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      answer.headers[name] = line.substr(colon + 2);
    }
    if (end == std::string_view::npos) break;
    head.remove_prefix(end + 2);
  }
}

}  // namespace

Answer Client::read(bool head_only) {
  Answer answer;
  std::string bytes;
  const auto more = [&] {
    std::string piece = read_some();
    bytes += piece;
    return !piece.empty();
  };
  std::size_t head_end = 0;
  while ((head_end = bytes.find("\r\n\r\n")) == std::string::npos) {
    if (!more()) return answer;
  }
  read_head(std::string_view(bytes).substr(0, head_end), answer);
  bytes.erase(0, head_end + 4);
  const std::string length = answer.header("content-length");
  if (head_only || answer.status == 204 || answer.status == 100) {
    answer.whole = true;
  } else if (answer.header("transfer-encoding") == "chunked") {
    for (;;) {
      std::size_t line = 0;
      while ((line = bytes.find("\r\n")) == std::string::npos) {
        if (!more()) return answer;
      }
      const std::size_t size = std::stoul(bytes.substr(0, line), nullptr, 16);
      while (bytes.size() < line + 2 + size + 2) {
        if (!more()) return answer;
      }
      if (size > 0) answer.chunks.push_back(bytes.substr(line + 2, size));
      answer.body += bytes.substr(line + 2, size);
      bytes.erase(0, line + 2 + size + 2);
      if (size == 0) break;
    }
    answer.whole = true;
  } else if (!length.empty()) {
    while (bytes.size() < std::stoul(length)) {
      if (!more()) return answer;
    }
    answer.body = bytes.substr(0, std::stoul(length));
    bytes.erase(0, answer.body.size());
    answer.whole = true;
  } else {
    while (more()) {
    }
    answer.body = std::exchange(bytes, {});
    answer.whole = true;
  }
  unread_ = std::move(bytes);
  return answer;
}

std::string get(std::string_view path, std::string_view headers) {
  return fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", path, headers);
}

std::string post(std::string_view path, std::string_view body, std::string_view headers) {
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n{}", path,
      body.size(), headers, body);
}

std::string chat(std::string_view fields) {
  return post("/v1/chat/completions", fmt::format(R"({{"messages":[{{"role":"user","content":"hi"}}]{}{}}})",
                                                  fields.empty() ? "" : ",", fields));
}

}  // namespace zubr::server::testing
