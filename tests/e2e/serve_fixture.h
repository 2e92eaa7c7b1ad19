// A running `zubr serve` and questions to it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "e2e/zubr_test.h"

namespace zubr::e2e {

class Serve : public ZubrTest {
 protected:
  // Starts the server; port_ is where it answers.
  std::unique_ptr<Process> serve(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"serve", "--port", "0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    arguments.insert(arguments.end(), {"--access-log", path("access.jsonl").string()});
    auto process = std::make_unique<Process>(command(std::move(arguments)));
    EXPECT_TRUE(process->wait_for_error_text("Ctrl-C"));
    const std::string& said = process->error_text();
    const std::size_t at = said.find("http://127.0.0.1:");
    if (at != std::string::npos) port_ = std::atoi(said.c_str() + at + 17);
    return process;
  }
  std::string ask(const std::string& request) const {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::string answer;
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      (void)!::send(socket, request.data(), request.size(), MSG_NOSIGNAL);
      char buffer[4096];
      for (ssize_t got = 0; (got = ::recv(socket, buffer, sizeof buffer, 0)) > 0;)
        answer.append(buffer, static_cast<std::size_t>(got));
    }
    ::close(socket);
    return answer;
  }
  std::string chat(const std::string& headers) const {
    const std::string body = R"({"messages":[{"role":"user","content":"whisper of a secret"}],"max_tokens":4})";
    return ask("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers +
               "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  }

  std::string post(const std::string& where, const std::string& body, const std::string& method = "POST") const {
    return ask(method + " " + where + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: " +
               std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  std::string get(const std::string& where) const {
    return ask("GET " + where + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  }

  int port_ = 0;
};

}  // namespace zubr::e2e
