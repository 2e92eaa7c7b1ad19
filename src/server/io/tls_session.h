// TLS as a filter over bytes: the server's end of one connection. No sockets: what came from the network goes in, what
// has to go there comes out. TlsContext is the certificate and the rules, for all connections.
//
// TLS 1.2 and 1.3, no renegotiation, ALPN "http/1.1". Threads: a session on one at a time; a context on any.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

struct ssl_ctx_st;
struct ssl_st;

namespace zubr::server {

class TlsContext {
 public:
  // PEM files: the certificate with its chain, and the key. kNotFound, kPermissionDenied, kInvalidArgument (no PEM, a
  // key with a passphrase, a key of another certificate), each with the file and what to do.
  static Result<std::shared_ptr<const TlsContext>> open(const std::filesystem::path& certificate,
                                                        const std::filesystem::path& key);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

 private:
  friend class TlsSession;
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

class TlsSession {
 public:
  // Shared by all sessions of a server.
  explicit TlsSession(std::shared_ptr<const TlsContext> context);
  ~TlsSession();
  TlsSession(const TlsSession&) = delete;
  TlsSession& operator=(const TlsSession&) = delete;

  enum class State { kOpen, kClosed, kFailed };  // kClosed: the other side said that no more comes
  // Appends what was said to `plain`, and what has to be sent (of the handshake, too) to `sealed`.
  State receive(std::string_view bytes, std::string& plain, std::string& sealed);
  // Appends `plain`, sealed, to `sealed`. False where that cannot be: no handshake yet, or the session failed.
  bool seal(std::string_view plain, std::string& sealed);
  // Appends the alert that says that no more comes.
  void close(std::string& sealed);

  bool established() const;  // the handshake is done

 private:
  void drain(std::string& sealed);

  const std::shared_ptr<const TlsContext> context_;
  struct Free {
    void operator()(ssl_st* session) const noexcept;
  };
  std::unique_ptr<ssl_st, Free> session_;  // owns both of its memory BIOs
  bool failed_ = false;
};

}  // namespace zubr::server
