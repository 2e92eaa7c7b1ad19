#include "models/registry/registry_client.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "net/testing/fault_server.h"

namespace zubr::models {
namespace {

using net::testing::FaultServer;
using net::testing::Received;
using net::testing::Reply;

std::string layer_json(std::string_view type, std::string_view digest, std::string_view size) {
  return fmt::format(R"({{"mediaType":"{}","digest":"{}","size":{}}})", type, digest, size);
}

// The shape that the Ollama registry answers with.
std::string manifest_json(const std::string& layers) {
  return fmt::format(
      R"({{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v2+json","config":{},)"
      R"("layers":[{}]}})",
      layer_json("application/vnd.docker.container.image.v1+json", sha256("c").text(), "1"), layers);
}

const std::string kModelType = "application/vnd.ollama.image.model";

TEST(Manifest, ReadsTheLayersOfAModel) {
  const auto manifest =
      parse_manifest(manifest_json(layer_json(kModelType, sha256("m").text(), "4920734272") + "," +
                                   layer_json("application/vnd.ollama.image.license", sha256("l").text(), "7710")));
  ASSERT_TRUE(manifest) << manifest.error().message();
  ASSERT_EQ(manifest->layers.size(), 2U);
  EXPECT_EQ(kind_of(manifest->layers[0]), LayerKind::kModel);
  EXPECT_EQ(manifest->layers[0].size, 4920734272U);
  EXPECT_EQ(kind_of(manifest->layers[1]), LayerKind::kLicense);
}

TEST(Manifest, RefusesHostileDigestsAndSizes) {
  for (const std::string& layers :
       {layer_json(kModelType, "sha256:../../../../etc/passwd", "1"), layer_json(kModelType, "../x", "1"),
        layer_json(kModelType, sha256("m").text(), "-1"), layer_json(kModelType, sha256("m").text(), "1e30"),
        layer_json(kModelType, sha256("m").text(), "9223372036854775807"),
        layer_json(kModelType, sha256("m").text(), "\"1\""), std::string("1"), std::string("{}")}) {
    const auto manifest = parse_manifest(manifest_json(layers));
    ASSERT_FALSE(manifest) << layers;
    EXPECT_EQ(manifest.error().code(), ErrorCode::kCorrupt) << layers;
  }
}

TEST(Manifest, CutShortAnywhereIsRefused) {
  const std::string text = manifest_json(layer_json(kModelType, sha256("m").text(), "1"));
  for (std::size_t length = 0; length < text.size(); ++length)
    EXPECT_FALSE(parse_manifest(text.substr(0, length))) << length;
}

TEST(Manifest, SaysThatAListOfPlatformsOrAnEmptyImageIsNoModel) {
  EXPECT_EQ(parse_manifest(R"({"schemaVersion":2,"manifests":[]})").error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(parse_manifest(manifest_json("")).error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(parse_manifest(std::string(100'000, '[')).error().code(), ErrorCode::kCorrupt);
}

RC_GTEST_PROP(Manifest, SurvivesAnyChangedByte, ()) {
  std::string text = manifest_json(layer_json(kModelType, sha256("m").text(), "1"));
  text[*rc::gen::inRange<std::size_t>(0, text.size())] = *rc::gen::arbitrary<char>();
  parse_manifest(text);
  RC_SUCCEED();
}

class RegistryClientTest : public ::testing::Test {
 protected:
  RegistryClientTest() {
    options_.wait = [](std::chrono::nanoseconds, const std::stop_token&) {};
  }
  const std::string manifest_ = manifest_json(layer_json(kModelType, sha256("m").text(), "1"));
  net::HttpClient client_{{.proxy = "none"}};
  DownloadOptions options_;
  const RegistryRef ref_{"", "library/tiny", "8b", {}};
};

TEST_F(RegistryClientTest, AsksForTheManifestOfTheTag) {
  FaultServer server([&](const Received&) { return Reply{.body = manifest_}; });
  RegistryClient registry(client_, server.base() + "/", options_);
  const auto found = registry.manifest(ref_, {});
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->text, manifest_);
  const Received asked = server.requests().front();
  EXPECT_EQ(asked.target, "/v2/library/tiny/manifests/8b");
  EXPECT_NE(asked.headers.get("accept").find("application/vnd.docker.distribution.manifest.v2+json"),
            std::string::npos);
  EXPECT_EQ(registry.blob(ref_, found->manifest.layers[0])->sources[0].url,
            server.url("/v2/library/tiny/blobs/" + sha256("m").text()));
}

TEST_F(RegistryClientTest, FetchesATokenWhenAskedTo) {
  std::string base;
  FaultServer server([&](const Received& got) {
    if (got.path() == "/token") return Reply{.body = R"({"token":"abc","expires_in":300})"};
    if (got.headers.get("authorization") != "Bearer abc")
      return Reply{
          .status = 401,
          .headers = {
              {"WWW-Authenticate",
               fmt::format(R"(Bearer realm="{}/token",service="reg",scope="repository:library/tiny:pull")", base)}}};
    return Reply{.body = manifest_};
  });
  base = server.base();
  RegistryClient registry(client_, base, options_);
  const auto found = registry.manifest(ref_, {});
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(server.requests()[1].target, "/token?service=reg&scope=repository%3Alibrary%2Ftiny%3Apull");
  EXPECT_EQ(registry.blob(ref_, found->manifest.layers[0])->sources[0].headers.get("authorization"), "Bearer abc");
  EXPECT_TRUE(registry.forget_token());
  EXPECT_FALSE(registry.forget_token());
}

TEST_F(RegistryClientTest, SaysThatAModelIsPrivateOrMissing) {
  int status = 401;
  FaultServer server([&](const Received&) { return Reply{.status = status}; });
  RegistryClient registry(client_, server.base(), options_);
  EXPECT_EQ(registry.manifest(ref_, {}).error().code(), ErrorCode::kUnauthenticated);
  status = 404;
  const auto missing = registry.manifest(ref_, {});
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message().find("library/tiny:8b"), std::string::npos);
}

TEST_F(RegistryClientTest, FetchesNoTokenInTheClearFromElsewhere) {
  FaultServer server([&](const Received&) {
    return Reply{.status = 401, .headers = {{"WWW-Authenticate", R"(Bearer realm="http://auth.example/token")"}}};
  });
  EXPECT_EQ(RegistryClient(client_, server.base(), options_).manifest(ref_, {}).error().code(),
            ErrorCode::kUnsupported);
}

TEST_F(RegistryClientTest, RefusesAnotherManifestThanItsDigest) {
  FaultServer server([&](const Received&) { return Reply{.body = manifest_}; });
  RegistryClient registry(client_, server.base(), options_);
  RegistryRef ref = ref_;
  ref.digest = sha256(manifest_);
  EXPECT_TRUE(registry.manifest(ref, {}));
  ref.digest = sha256("other");
  EXPECT_EQ(registry.manifest(ref, {}).error().code(), ErrorCode::kCorrupt);
}

TEST_F(RegistryClientTest, TriesAgainWhenTheRegistryIsDownForAMoment) {
  std::atomic<int> count = 0;
  FaultServer server([&](const Received&) { return ++count < 3 ? Reply{.status = 503} : Reply{.body = manifest_}; });
  EXPECT_TRUE(RegistryClient(client_, server.base(), options_).manifest(ref_, {}));
}

TEST_F(RegistryClientTest, AsksThisMachineWithoutEncryptionAndOthersWith) {
  RegistryClient registry(client_, "https://r.example", options_);
  EXPECT_EQ(registry.base_of({"localhost:5000", "a", "b", {}}), "http://localhost:5000");
  EXPECT_EQ(registry.base_of({"127.0.0.1:5000", "a", "b", {}}), "http://127.0.0.1:5000");
  EXPECT_EQ(registry.base_of({"ghcr.io", "a", "b", {}}), "https://ghcr.io");
  EXPECT_EQ(registry.base_of({"127.evil.example", "a", "b", {}}), "https://127.evil.example");
}

}  // namespace
}  // namespace zubr::models
