// TLS: the filter in any pieces, and a server that speaks it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <rapidcheck/gtest.h>

#include <fstream>

#include "core/temp_dir.h"
#include "server/io/tls_session.h"
#include "server/server.h"
#include "server/testing/http_client.h"
#include "server/testing/script_backend.h"
#include "server/testing/tls_client.h"

namespace zubr::server {
namespace {

using testing::chat;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::TlsClient;
using testing::TlsSocket;

const std::filesystem::path& certificates() {
  static const core::TempDir dir;
  static const bool made = [] {
    testing::make_certificate(dir.path());
    testing::make_certificate(dir.path(), "other-");
    return true;
  }();
  (void)made;
  return dir.path();
}

std::shared_ptr<const TlsContext> context() {
  return *TlsContext::open(certificates() / "cert.pem", certificates() / "key.pem");
}

bool shake(TlsClient& client, TlsSession& session) {
  std::string plain, sealed;
  for (int round = 0; round < 10; ++round) {
    const bool done = client.connect();
    session.receive(client.unsent(), plain, sealed);
    client.receive(std::exchange(sealed, {}));
    if (done && session.established()) return true;
  }
  return false;
}

RC_GTEST_PROP(Tls, AnyBytesInAnyPiecesArriveAsTheyWere, (const std::vector<std::string>& texts)) {
  TlsSession session(context());
  TlsClient client;
  RC_ASSERT(shake(client, session));
  std::string said, heard, sealed;
  for (const std::string& text : texts) {
    if (text.empty()) continue;
    client.write(text);
    said += text;
  }
  const std::string bytes = client.unsent();
  for (std::size_t at = 0; at < bytes.size();) {
    const auto size = *rc::gen::inRange<std::size_t>(1, 100);
    RC_ASSERT(session.receive(std::string_view(bytes).substr(at, size), heard, sealed) == TlsSession::State::kOpen);
    at += size;
  }
  RC_ASSERT(heard == said);
  sealed.clear();
  RC_ASSERT(session.seal(said, sealed));
  client.receive(sealed);
  RC_ASSERT(client.read() == said);
}

RC_GTEST_PROP(Tls, ADamagedByteEndsTheSessionAndIsNeverHeard, ()) {
  TlsSession session(context());
  TlsClient client;
  RC_ASSERT(shake(client, session));
  client.write("attack at dawn");
  std::string bytes = client.unsent();
  const auto at = *rc::gen::inRange<std::size_t>(5, bytes.size());  // behind the record's head, which may only be short
  bytes[at] = static_cast<char>(bytes[at] ^ (1 << *rc::gen::inRange(0, 8)));
  std::string heard, sealed;
  RC_ASSERT(session.receive(bytes, heard, sealed) == TlsSession::State::kFailed);
  RC_ASSERT(heard.empty());
  RC_ASSERT(!session.seal("x", sealed));
}

TEST(Tls, SpeaksHttp11AndNothingOlderThanTls12) {
  TlsSession session(context());
  TlsClient client;
  ASSERT_TRUE(shake(client, session));
  EXPECT_EQ(client.protocol(), "http/1.1");
  TlsSession other(context());
  TlsClient old(TLS1_1_VERSION);
  EXPECT_FALSE(shake(old, other));
  TlsSession third(context());
  TlsClient twelve(TLS1_2_VERSION);
  EXPECT_TRUE(shake(twelve, third));
}

TEST(Tls, SealsNothingBeforeTheHandshake) {
  TlsSession session(context());
  std::string sealed;
  EXPECT_FALSE(session.seal("secret", sealed));
  EXPECT_EQ(sealed, "");
}

TEST(Tls, WhatIsWrongWithTheFilesIsSaid) {
  const auto& dir = certificates();
  std::ofstream(dir / "text.pem") << "hello";
  const auto error = [&](const char* certificate, const char* key) {
    return TlsContext::open(dir / certificate, dir / key).error();
  };
  EXPECT_EQ(error("none.pem", "key.pem").code(), ErrorCode::kNotFound);
  EXPECT_THAT(error("text.pem", "key.pem").message(), HasSubstr("text.pem' is no certificate"));
  EXPECT_THAT(error("cert.pem", "text.pem").message(), HasSubstr("text.pem' is no private key"));
  EXPECT_EQ(error("cert.pem", "other-key.pem").code(), ErrorCode::kInvalidArgument);
}

class TlsServer : public ::testing::Test {
 protected:
  void start() {
    options_.tls_cert = (certificates() / "cert.pem").string();
    options_.tls_key = (certificates() / "key.pem").string();
    server_ = *Server::start(options_, backend_);
  }
  inference::FakeBackend backend_;
  ServerOptions options_;
  std::unique_ptr<Server> server_;
};

TEST_F(TlsServer, AnswersAndStreamsOverOneConnection) {
  start();
  EXPECT_THAT(server_->url(), StartsWith("https://127.0.0.1:"));
  TlsSocket client(server_->port());
  ASSERT_TRUE(client.connected());
  EXPECT_THAT(client.ask(testing::get("/healthz"), "ok"), StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(client.ask(chat(), "\"usage\""), HasSubstr("Hello, świat"));
  EXPECT_THAT(client.ask(chat(R"("stream":true)"), "0\r\n\r\n"), HasSubstr("data: [DONE]"));
}

TEST_F(TlsServer, AnswersMoreThanTheSystemsBufferHolds) {
  testing::ScriptBackend big([](const auto&, const auto&, const auto&) -> Result<inference::Generation> {
    return inference::Generation{.text = std::string(8'000'000, '~'), .usage = {}};
  });
  options_.tls_cert = (certificates() / "cert.pem").string();
  options_.tls_key = (certificates() / "key.pem").string();
  server_ = *Server::start(options_, big);
  TlsSocket client(server_->port());
  const std::string answer = client.ask(chat(), "\"usage\"");
  EXPECT_EQ(std::ranges::count(answer, '~'), 8'000'000);
}

TEST_F(TlsServer, DoesNotAnswerWithoutTls) {
  start();
  testing::Client plain(server_->port());
  plain.send(testing::get("/v1/models"));
  EXPECT_EQ(plain.read().status, 0);
  EXPECT_TRUE(plain.ended());
}

TEST_F(TlsServer, ForgetsAClientThatNeverEndsItsHandshake) {
  options_.limits.header_timeout = std::chrono::milliseconds(50);
  start();
  testing::Client silent(server_->port());
  EXPECT_TRUE(silent.ended());
  testing::Client half(server_->port());
  half.send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
  EXPECT_TRUE(half.ended());
}

TEST_F(TlsServer, NeedsBothFiles) {
  options_.tls_cert = "cert.pem";
  EXPECT_EQ(Server::start(options_, backend_).error().code(), ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace zubr::server
