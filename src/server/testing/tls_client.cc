#include "server/testing/tls_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <stdexcept>

namespace zubr::server::testing {

void make_certificate(const std::filesystem::path& folder, std::string_view prefix) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_sign(certificate, key, EVP_sha256());
  const std::string at = (folder / std::string(prefix)).string();
  std::FILE* file = std::fopen((at + "cert.pem").c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  file = std::fopen((at + "key.pem").c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

TlsClient::TlsClient(int max_version) : context_(SSL_CTX_new(TLS_client_method())), session_(nullptr) {
  if (max_version != 0) SSL_CTX_set_max_proto_version(context_, max_version);
  session_ = SSL_new(context_);
  static constexpr unsigned char kProtocols[] = "\x02h2\x08http/1.1";
  SSL_set_alpn_protos(session_, kProtocols, sizeof kProtocols - 1);
  SSL_set_bio(session_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_connect_state(session_);
}

TlsClient::~TlsClient() {
  SSL_free(session_);
  SSL_CTX_free(context_);
}

std::string TlsClient::unsent() {
  BIO* out = SSL_get_wbio(session_);
  char* data = nullptr;
  const long length = BIO_get_mem_data(out, &data);
  std::string bytes(data, static_cast<std::size_t>(length));
  BIO_reset(out);
  return bytes;
}

void TlsClient::receive(std::string_view sealed) {
  if (!sealed.empty()) BIO_write(SSL_get_rbio(session_), sealed.data(), static_cast<int>(sealed.size()));
}

bool TlsClient::connect() { return SSL_do_handshake(session_) == 1; }

void TlsClient::write(std::string_view plain) { SSL_write(session_, plain.data(), static_cast<int>(plain.size())); }

std::string TlsClient::read() {
  std::string plain;
  std::array<char, 16'384> piece;
  for (int got = 0; (got = SSL_read(session_, piece.data(), static_cast<int>(piece.size()))) > 0;)
    plain.append(piece.data(), static_cast<std::size_t>(got));
  return plain;
}

std::string TlsClient::protocol() const {
  const unsigned char* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(session_, &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

TlsSocket::TlsSocket(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  const timeval timeout{20, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("cannot connect");
  while (!(connected_ = client_.connect())) {
    if (!exchange()) break;
  }
}

TlsSocket::~TlsSocket() { ::close(socket_); }

bool TlsSocket::exchange() {
  const std::string sealed = client_.unsent();
  if (!sealed.empty()) ::send(socket_, sealed.data(), sealed.size(), MSG_NOSIGNAL);
  std::array<char, 16'384> piece;
  const auto got = ::recv(socket_, piece.data(), piece.size(), 0);
  if (got <= 0) return false;
  client_.receive({piece.data(), static_cast<std::size_t>(got)});
  return true;
}

std::string TlsSocket::ask(std::string_view request, std::string_view until) {
  client_.write(request);
  std::string answer;
  std::size_t from = 0;  // what was looked at before is not looked at again
  while (answer.find(until, from) == std::string::npos) {
    from = answer.size() < until.size() ? 0 : answer.size() - until.size();
    if (!exchange()) break;
    answer += client_.read();
  }
  return answer;
}

}  // namespace zubr::server::testing
