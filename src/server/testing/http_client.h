// A small HTTP client for tests: real sockets, and every byte under the test's control.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace zubr::server::testing {

struct Answer {
  int status = 0;                              // 0: the connection ended before an answer was whole
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;                            // of all chunks
  std::vector<std::string> chunks;
  bool whole = false;  // by Content-Length, last chunk, or the connection's end

  std::string header(const std::string& name) const;
  std::vector<std::string> events() const;  // what follows "data: " in each server-sent event
};

class Client {
 public:
  explicit Client(int port, int receive_buffer_bytes = 0);  // 0 = the system's choice
  ~Client();
  Client(Client&& other) noexcept;
  Client(const Client&) = delete;

  void send(std::string_view bytes);
  Answer read(bool head_only = false);  // the next answer; waits up to 20 s
  Answer ask(std::string_view bytes) {
    send(bytes);
    return read();
  }
  std::string read_some();  // "" at the end of the connection, and when nothing comes for 20 s
  bool ended();             // reads up to the end of the connection
  void half_close();        // no more bytes from us
  void vanish();            // closes with a reset

 private:
  int socket_ = -1;
  std::string unread_;
};

std::string get(std::string_view path, std::string_view headers = "");
std::string post(std::string_view path, std::string_view body, std::string_view headers = "");
std::string chat(std::string_view fields = "");  // POST of one "hi" message; fields: `"stream":true`

}  // namespace zubr::server::testing
