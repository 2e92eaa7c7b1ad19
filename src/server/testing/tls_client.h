// The client's end of TLS for tests, and a certificate of its own making.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

struct ssl_st;
struct ssl_ctx_st;

namespace zubr::server::testing {

// Writes cert.pem and key.pem, of "localhost", into the folder.
void make_certificate(const std::filesystem::path& folder, std::string_view prefix = "");

// One TLS connection whose network is two strings: what it wants sent is taken with unsent(), what came is given to
// receive(). Trusts everybody: the tests are about our end.
class TlsClient {
 public:
  explicit TlsClient(int max_version = 0);  // 0 = any
  ~TlsClient();

  std::string unsent();
  void receive(std::string_view sealed);
  bool connect();  // true once the handshake is done; to be called until it is
  void write(std::string_view plain);
  std::string read();            // what was said and not yet read
  std::string protocol() const;  // of ALPN

 private:
  ssl_ctx_st* context_;
  ssl_st* session_;
};

// A TlsClient over a real socket; waits up to 20 s.
class TlsSocket {
 public:
  explicit TlsSocket(int port);
  ~TlsSocket();
  bool connected() const { return connected_; }
  std::string ask(std::string_view request, std::string_view until);  // the answer, once it has `until`

 private:
  bool exchange();  // false when the connection ended
  TlsClient client_;
  int socket_ = -1;
  bool connected_ = false;
};

}  // namespace zubr::server::testing
