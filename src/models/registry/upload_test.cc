// Uploads against a registry that behaves badly; a real one is in docker_registry_test.cc.
#include "models/registry/upload.h"

#include <gtest/gtest.h>

#include <map>
#include <mutex>

#include "core/temp_dir.h"
#include "net/testing/fault_server.h"
#include "net/url.h"

namespace zubr::models {
namespace {

using net::testing::FaultServer;
using net::testing::Received;
using net::testing::Reply;

// The write side of a registry, in memory, with faults at will.
class FakeRegistry {
 public:
  FakeRegistry() : server_([this](const Received& got) { return answer(got); }) {}

  std::string base() const { return server_.base(); }
  FaultServer& server() { return server_; }
  std::string blob(const Digest& digest) const {
    const auto found = blobs_.find(digest.text());
    return found == blobs_.end() ? "" : found->second;
  }

  std::function<std::optional<Reply>(const Received&, int patches)> fault;  // instead of the right answer
  bool keeps_half = false;                                                  // a faulty PATCH leaves half of its bytes
  std::string manifest;
  std::string other_repository_has;  // digest that can be mounted
  int starts = 0, patches = 0;

 private:
  Reply answer(const Received& got) {
    const std::lock_guard lock(mutex_);
    if (got.method == "PATCH") ++patches;
    if (fault)
      if (auto reply = fault(got, patches)) {
        if (got.method == "PATCH" && keeps_half) upload_ += got.body.substr(0, got.body.size() / 2);
        return *reply;
      }
    const std::string path = got.path();
    if (got.method == "HEAD") return {.status = blobs_.contains(path.substr(path.rfind('/') + 1)) ? 200 : 404};
    if (got.method == "POST") return start(got);
    if (path.find("/manifests/") != std::string::npos) {
      manifest = got.body;
      return {.status = 201};
    }
    if (path != "/upload/" + std::to_string(starts)) return {.status = 404};
    if (got.method == "GET") return place(204);
    if (got.method == "PUT") return finish(got);
    const std::string wanted = std::to_string(upload_.size()) + "-";
    if (!got.headers.get("content-range").starts_with(wanted)) return {.status = 416};
    upload_ += got.body;
    return place(202);
  }
  Reply start(const Received& got) {
    if (!other_repository_has.empty() &&
        got.target.find("mount=" + net::percent_encode(other_repository_has)) != std::string::npos)
      return {.status = 201};
    upload_.clear();
    ++starts;
    return place(202);
  }
  Reply finish(const Received& got) {
    const std::string digest = sha256(upload_).text();
    if (got.target.find(net::percent_encode(digest)) == std::string::npos) return {.status = 400};
    blobs_[digest] = upload_;
    return {.status = 201, .headers = {{"Docker-Content-Digest", digest}}};
  }
  Reply place(int status) const {
    Reply reply{.status = status, .headers = {{"Location", "/upload/" + std::to_string(starts)}}};
    reply.headers.add("Range", fmt::format("0-{}", upload_.empty() ? 0 : upload_.size() - 1));
    return reply;
  }

  std::mutex mutex_;
  std::map<std::string, std::string> blobs_;
  std::string upload_;
  FaultServer server_;
};

class UploadTest : public ::testing::Test {
 protected:
  UploadTest() {
    options_.wait = [](std::chrono::nanoseconds, const std::stop_token&) {};
    for (int i = 0; i < 5000; ++i) bytes_ += static_cast<char>(i * 7919 % 251);
  }
  Result<Uploaded> upload(const std::string& mount = "", std::stop_token stop = {}) {
    Uploader uploader(client_, options_, auth_, registry_.base(), "ns/tiny", dir_.path(), 1000);
    return uploader.upload({{}, bytes_, sha256(bytes_), bytes_.size()}, mount, {}, stop);
  }

  core::TempDir dir_;
  std::string bytes_;
  FakeRegistry registry_;
  net::HttpClient client_{{.proxy = "none"}};
  DownloadOptions options_;
  std::optional<RegistryCredentials> who_;
  RegistryAuth auth_{client_, options_, [this](std::string_view) { return who_; }};
};

TEST_F(UploadTest, SendsChunksOnceAndNothingThatIsThere) {
  const auto first = upload();
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(first->kind, UploadKind::kSent);
  EXPECT_EQ(registry_.patches, 5);
  EXPECT_EQ(registry_.blob(sha256(bytes_)), bytes_);
  EXPECT_EQ(upload()->kind, UploadKind::kThere);
  EXPECT_EQ(registry_.patches, 5);
  EXPECT_TRUE(std::filesystem::is_empty(dir_.path()));
}

TEST_F(UploadTest, MountsWhatAnotherRepositoryHas) {
  registry_.other_repository_has = sha256(bytes_).text();
  EXPECT_EQ(upload("ns/other")->kind, UploadKind::kMounted);
  EXPECT_EQ(registry_.patches, 0);
  registry_.other_repository_has.clear();
  EXPECT_EQ(upload("ns/other")->kind, UploadKind::kSent);
}

TEST_F(UploadTest, GoesOnWhereAChunkBroke) {
  registry_.keeps_half = true;
  registry_.fault = [](const Received& got, int patches) -> std::optional<Reply> {
    if (got.method == "PATCH" && patches == 3) return Reply{.status = 503};
    return std::nullopt;
  };
  const auto sent = upload();
  ASSERT_TRUE(sent) << sent.error().message();
  EXPECT_EQ(registry_.blob(sha256(bytes_)), bytes_);
  EXPECT_EQ(registry_.starts, 1);
}

TEST_F(UploadTest, BeginsAnewWhenTheRegistryForgot) {
  registry_.fault = [](const Received& got, int patches) -> std::optional<Reply> {
    if (got.method == "PATCH" && patches == 3) return Reply{.status = 404};
    return std::nullopt;
  };
  ASSERT_TRUE(upload());
  EXPECT_EQ(registry_.starts, 2);
  EXPECT_EQ(registry_.blob(sha256(bytes_)), bytes_);
}

TEST_F(UploadTest, AnotherProcessGoesOnWithTheNextChunk) {
  registry_.fault = [](const Received& got, int patches) -> std::optional<Reply> {
    if (got.method == "PATCH" && patches > 3) return Reply{.status = 403};
    return std::nullopt;
  };
  EXPECT_EQ(upload().error().code(), ErrorCode::kPermissionDenied);
  registry_.fault = {};
  const auto rest = upload();
  ASSERT_TRUE(rest) << rest.error().message();
  EXPECT_EQ(rest->sent, 2000U);
  EXPECT_EQ(registry_.starts, 1);
  EXPECT_EQ(registry_.blob(sha256(bytes_)), bytes_);
}

TEST_F(UploadTest, GivesUpOnARegistryThatNeverKeepsAnything) {
  registry_.fault = [](const Received& got, int) -> std::optional<Reply> {
    if (got.method == "PUT") return Reply{.status = 400};
    return std::nullopt;
  };
  EXPECT_EQ(upload().error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(registry_.starts, 5);
}

TEST_F(UploadTest, AnEndWhoseAnswerWasLostIsAnEnd) {
  bool lost = false;
  registry_.fault = [&](const Received& got, int) -> std::optional<Reply> {
    if (got.method == "PUT" && !lost) {
      lost = true;
      return Reply{.status = 503};
    }
    return std::nullopt;
  };
  EXPECT_TRUE(upload());
}

TEST_F(UploadTest, SendsAPasswordWhenItIsAskedForOne) {
  registry_.fault = [](const Received& got, int) -> std::optional<Reply> {
    if (got.headers.get("authorization") == "Basic YWxhOmtvdA==") return std::nullopt;
    return Reply{.status = 401, .headers = {{"WWW-Authenticate", "Basic realm=\"r\""}}};
  };
  EXPECT_EQ(upload().error().code(), ErrorCode::kUnauthenticated);
  who_ = {"ala", "kot"};
  EXPECT_TRUE(upload());
}

TEST_F(UploadTest, FetchesATokenForTheUserAndUsesIt) {
  who_ = {"ala", "kot"};
  registry_.fault = [this](const Received& got, int) -> std::optional<Reply> {
    if (got.path() == "/token")
      return got.headers.get("authorization") == "Basic YWxhOmtvdA==" ? Reply{.body = R"({"token":"t"})"}
                                                                      : Reply{.status = 403};
    if (got.headers.get("authorization") == "Bearer t") return std::nullopt;
    return Reply{
        .status = 401,
        .headers = {{"WWW-Authenticate", fmt::format(R"(Bearer realm="{}/token",service="s")", registry_.base())}}};
  };
  const auto sent = upload();
  ASSERT_TRUE(sent) << sent.error().message();
  bool asked_to_push = false;
  for (const Received& got : registry_.server().requests())
    asked_to_push = asked_to_push || got.target.find("scope=repository%3Ans%2Ftiny%3Apull%2Cpush") != std::string::npos;
  EXPECT_TRUE(asked_to_push);
}

TEST_F(UploadTest, SendsItsTokenToNobodyElse) {
  who_ = {"ala", "kot"};
  std::string seen = "nothing";
  FaultServer other([&](const Received& got) {
    if (got.method == "PATCH") seen = std::string(got.headers.get("authorization"));
    return Reply{.status = 202, .headers = {{"Location", "/there"}}};
  });
  registry_.fault = [&](const Received& got, int) -> std::optional<Reply> {
    if (got.headers.get("authorization").empty())
      return Reply{.status = 401, .headers = {{"WWW-Authenticate", "Basic realm=\"r\""}}};
    if (got.method == "POST") return Reply{.status = 202, .headers = {{"Location", other.url("/there")}}};
    return std::nullopt;
  };
  (void)upload();
  EXPECT_EQ(seen, "");
}

TEST(DockerCredentials, AreFoundByHost) {
  const std::string config =
      R"({"auths":{"https://index.docker.io/v1/":{"auth":"YTpi"},"ghcr.io":{"auth":"YWxhOmtvdDpr"},
    "127.0.0.1:5000":{"auth":"%%%"},"empty.example":{}}})";
  EXPECT_EQ(credentials_in(config, "ghcr.io")->user, "ala");
  EXPECT_EQ(credentials_in(config, "ghcr.io")->password, "kot:k");
  EXPECT_EQ(credentials_in(config, "index.docker.io")->password, "b");
  for (const char* host : {"127.0.0.1:5000", "empty.example", "cr.io", ""}) EXPECT_FALSE(credentials_in(config, host));
  EXPECT_FALSE(credentials_in("[1", "ghcr.io"));
}

}  // namespace
}  // namespace zubr::models
