#include "server/io/tls_session.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <array>
#include <climits>
#include <fstream>

namespace zubr::server {
namespace {

constexpr std::size_t kRecord = 16u << 10;  // the most that one TLS record holds (RFC 8446 5.1)

std::string last_error() {
  const unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason ? reason : "unknown reason";
}

// A passphrase would be asked for on the terminal: never.
int no_passphrase(char*, int, int, void*) { return -1; }

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* offered,
                    unsigned offered_length, void*) {
  static constexpr unsigned char kOurs[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, out_length, kOurs, sizeof kOurs, offered, offered_length);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

Result<void> readable(const std::filesystem::path& file, std::string_view setting) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error))
    return fail(ErrorCode::kNotFound, "there is no file '{}', which {} names", file.string(), setting);
  if (!std::ifstream(file))
    return fail(ErrorCode::kPermissionDenied, "may not read '{}', which {} names", file.string(), setting);
  return {};
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::open(const std::filesystem::path& certificate,
                                                           const std::filesystem::path& key) {
  ZUBR_CHECK(readable(certificate, "serve.tls_cert"));
  ZUBR_CHECK(readable(key, "serve.tls_key"));
  ERR_clear_error();
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  if (!context) return fail(ErrorCode::kOutOfMemory, "there is no memory for TLS");
  std::shared_ptr<const TlsContext> made(new TlsContext(context));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);  // an idle connection keeps no buffers
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1)
    return fail(ErrorCode::kInvalidArgument, "'{}' is no certificate in PEM form: {}", certificate.string(),
                last_error());
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1)
    return fail(ErrorCode::kInvalidArgument,
                "'{}' is no private key in PEM form without a passphrase that fits '{}': {}", key.string(),
                certificate.string(), last_error());
  if (SSL_CTX_check_private_key(context) != 1)
    return fail(ErrorCode::kInvalidArgument, "the key '{}' is not that of the certificate '{}'", key.string(),
                certificate.string());
  return made;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

void TlsSession::Free::operator()(ssl_st* session) const noexcept { SSL_free(session); }

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context)
    : context_(std::move(context)), session_(SSL_new(context_->context_)) {
  failed_ = !session_;
  if (failed_) return;
  SSL_set_bio(session_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_accept_state(session_.get());
}

TlsSession::~TlsSession() = default;

bool TlsSession::established() const { return !failed_ && SSL_is_init_finished(session_.get()) == 1; }

void TlsSession::drain(std::string& sealed) {
  BIO* out = SSL_get_wbio(session_.get());
  char* data = nullptr;
  const long length = BIO_get_mem_data(out, &data);
  if (length > 0) sealed.append(data, static_cast<std::size_t>(length));
  BIO_reset(out);
}

TlsSession::State TlsSession::receive(std::string_view bytes, std::string& plain, std::string& sealed) {
  if (failed_) return State::kFailed;
  ERR_clear_error();
  BIO* in = SSL_get_rbio(session_.get());
  if (!bytes.empty() && (bytes.size() > INT_MAX || BIO_write(in, bytes.data(), static_cast<int>(bytes.size())) <= 0)) {
    failed_ = true;
    return State::kFailed;
  }
  std::array<char, kRecord> piece;
  for (;;) {
    const int got = SSL_read(session_.get(), piece.data(), static_cast<int>(piece.size()));
    if (got > 0) {
      plain.append(piece.data(), static_cast<std::size_t>(got));
      continue;
    }
    const int why = SSL_get_error(session_.get(), got);
    drain(sealed);  // a handshake's answer, or the alert that says what was wrong
    if (why == SSL_ERROR_WANT_READ) return State::kOpen;
    if (why == SSL_ERROR_ZERO_RETURN) return State::kClosed;
    failed_ = true;
    ERR_clear_error();
    return State::kFailed;
  }
}

bool TlsSession::seal(std::string_view plain, std::string& sealed) {
  if (!established()) return false;
  ERR_clear_error();
  while (!plain.empty()) {
    const int wanted = static_cast<int>(std::min(plain.size(), kRecord));
    const int written = SSL_write(session_.get(), plain.data(), wanted);
    if (written <= 0) {
      failed_ = true;
      ERR_clear_error();
      return false;
    }
    plain.remove_prefix(static_cast<std::size_t>(written));
  }
  drain(sealed);
  return true;
}

void TlsSession::close(std::string& sealed) {
  if (!established()) return;
  SSL_shutdown(session_.get());
  ERR_clear_error();
  drain(sealed);
}

}  // namespace zubr::server
