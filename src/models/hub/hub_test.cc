#include <gtest/gtest.h>

#include <map>

#include "core/temp_dir.h"
#include "core/text_file.h"
#include "models/hub/hub_client.h"
#include "net/testing/fault_server.h"

namespace zubr::models {
namespace {

using net::testing::FaultServer;
using net::testing::Received;
using net::testing::Reply;

std::vector<HubFile> files(std::initializer_list<const char*> paths) {
  std::vector<HubFile> list;
  for (const char* path : paths) list.push_back({path, 1 << 30, {}});
  return list;
}

TEST(HubFiles, ReadTheQuantizationFromTheName) {
  const std::vector<std::pair<const char*, const char*>> table = {{"Llama-3.2-1B-Instruct-Q4_K_M.gguf", "Q4_K_M"},
                                                                  {"gemma-2-2b-it.Q8_0.gguf", "Q8_0"},
                                                                  {"x-IQ2_XXS.gguf", "IQ2_XXS"},
                                                                  {"model-f16.gguf", "F16"},
                                                                  {"qwen2.5-0.5b-instruct-q5_k_m.gguf", "Q5_K_M"},
                                                                  {"d/Big-BF16-00001-of-00003.gguf", "BF16"},
                                                                  {"Qwen3-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"},
                                                                  {"gpt-oss-20b-MXFP4.gguf", "MXFP4"},
                                                                  {"tinyllama.gguf", ""},
                                                                  {"Q-model-v2.gguf", ""},
                                                                  {"model-TQ1_0.gguf", "TQ1_0"},
                                                                  {"Q4_0/readme.gguf", ""}};
  for (const auto& [path, quantization] : table) EXPECT_EQ(quantization_of(path), quantization) << path;
}

TEST(HubFiles, PreferQ4KMAndElseWantToBeTold) {
  EXPECT_EQ(choose_files(files({"m-Q8_0.gguf", "m-Q4_K_M.gguf", "README.md"}), "", "u/r")->files[0].path,
            "m-Q4_K_M.gguf");
  EXPECT_EQ(choose_files(files({"m-Q8_0.gguf"}), "", "u/r")->files[0].path, "m-Q8_0.gguf");
  const auto several = choose_files(files({"m-Q8_0.gguf", "m-Q2_K.gguf"}), "", "u/r");
  ASSERT_FALSE(several);
  EXPECT_EQ(several.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(several.error().message().find("Q2_K (1.0 GiB), Q8_0 (1.0 GiB)"), std::string::npos)
      << several.error().message();
}

TEST(HubFiles, FindAQuantizationInAnyCaseOrAFile) {
  const auto list = files({"m-Q8_0.gguf", "sub/m-Q2_K.gguf"});
  EXPECT_EQ(choose_files(list, "q8_0", "u/r")->files[0].path, "m-Q8_0.gguf");
  EXPECT_EQ(choose_files(list, "sub/m-Q2_K.gguf", "u/r")->files[0].path, "sub/m-Q2_K.gguf");
  EXPECT_EQ(choose_files(list, "m-Q2_K.gguf", "u/r")->files[0].path, "sub/m-Q2_K.gguf");
  EXPECT_EQ(choose_files(list, "Q9_9", "u/r").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(choose_files(files({"model.safetensors"}), "", "u/r").error().code(), ErrorCode::kUnsupported);
}

TEST(HubFiles, TakeAllPartsInOrderOrNone) {
  const auto choice = choose_files(
      files({"m-Q4_K_M-00002-of-00003.gguf", "m-Q4_K_M-00003-of-00003.gguf", "m-Q4_K_M-00001-of-00003.gguf"}), "",
      "u/r");
  ASSERT_TRUE(choice) << choice.error().message();
  ASSERT_EQ(choice->files.size(), 3U);
  EXPECT_EQ(choice->files[0].path, "m-Q4_K_M-00001-of-00003.gguf");
  EXPECT_EQ(choose_files(files({"m-Q4_K_M-00001-of-00002.gguf"}), "", "u/r").error().code(), ErrorCode::kCorrupt);
  EXPECT_FALSE(shard_of("m-00004-of-00003.gguf"));
  EXPECT_FALSE(shard_of("m-0001-of-0003.gguf"));
}

TEST(HubFiles, BringTheProjectorOfAVisionModelAlong) {
  const auto choice =
      choose_files(files({"v-Q4_K_M.gguf", "mmproj-v-f32.gguf", "mmproj-v-f16.gguf", "imatrix.gguf"}), "", "u/r");
  ASSERT_TRUE(choice) << choice.error().message();
  EXPECT_EQ(choice->files.size(), 1U);
  EXPECT_EQ(choice->projector->path, "mmproj-v-f16.gguf");
}

TEST(HubTree, ReadsLfsAndPlainFilesAndRefusesPathsThatLeave) {
  const auto list = parse_tree(R"([{"type":"directory","oid":"x","size":0,"path":"d"},
    {"type":"file","oid":"1","size":1519,"path":".gitattributes"},
    {"type":"file","oid":"2","size":133,"lfs":{"oid":")" +
                               sha256("m").hex() + R"(","size":3576256,"pointerSize":132},"path":"d/m.gguf"}])");
  ASSERT_TRUE(list) << list.error().message();
  ASSERT_EQ(list->size(), 2U);
  EXPECT_EQ((*list)[1].size, 3576256U);
  EXPECT_EQ((*list)[1].digest, sha256("m"));
  for (const char* path : {"../x.gguf", "/etc/passwd", "a/../../b", "a//b", "", "a\\\\b"})
    EXPECT_EQ(parse_tree(fmt::format(R"([{{"type":"file","size":1,"path":"{}"}}])", path)).error().code(),
              ErrorCode::kCorrupt)
        << path;
  EXPECT_FALSE(parse_tree("{}"));
  EXPECT_FALSE(parse_tree("[{\"type\":\"file\""));
}

TEST(HubToken, IsTakenFromTheVariableOrTheFileOfTheirTools) {
  const core::TempDir home;
  ASSERT_TRUE(core::write_text_file(home.path() / ".cache/huggingface/token", "hf_file\n"));
  std::map<std::string, std::string> variables{{"HOME", home.path().string()}};
  const core::Environment environment = [&](const std::string& name) -> std::optional<std::string> {
    return variables.contains(name) ? std::optional(variables[name]) : std::nullopt;
  };
  EXPECT_EQ(hub_token(environment), "hf_file");
  variables["HF_TOKEN"] = "hf_env";
  EXPECT_EQ(hub_token(environment), "hf_env");
  variables = {};
  EXPECT_EQ(hub_token(environment), "");
}

class HubClientTest : public ::testing::Test {
 protected:
  HubClientTest() {
    options_.wait = [](std::chrono::nanoseconds, const std::stop_token&) {};
  }
  net::HttpClient client_{{.proxy = "none"}};
  DownloadOptions options_;
  const HubRef ref_{"user/repo", "main", ""};
};

TEST_F(HubClientTest, ListsEveryPage) {
  FaultServer server([](const Received& got) {
    if (got.target.find("cursor") == std::string::npos)
      return Reply{.headers = {{"Link", "</api/models/user/repo/tree/main?recursive=true&cursor=2>; rel=\"next\""}},
                   .body = R"([{"type":"file","size":1,"path":"a.gguf"}])"};
    return Reply{.body = R"([{"type":"file","size":2,"path":"b.gguf"}])"};
  });
  const auto list = HubClient(client_, server.base(), "tok", options_).list(ref_, {});
  ASSERT_TRUE(list) << list.error().message();
  EXPECT_EQ(list->size(), 2U);
  EXPECT_EQ(server.requests()[1].headers.get("authorization"), "Bearer tok");
}

TEST_F(HubClientTest, DoesNotFollowAPageToAnotherServer) {
  FaultServer elsewhere([](const Received&) { return Reply{.body = "[]"}; });
  FaultServer server([&](const Received&) {
    return Reply{.headers = {{"Link", fmt::format("<{}>; rel=\"next\"", elsewhere.url("/x"))}},
                 .body = R"([{"type":"file","size":1,"path":"a.gguf"}])"};
  });
  EXPECT_TRUE(HubClient(client_, server.base(), "tok", options_).list(ref_, {}));
  EXPECT_TRUE(elsewhere.requests().empty());
}

TEST_F(HubClientTest, PinsTheCommitAndReadsTheLinkedHeaders) {
  const std::string commit(40, 'c');
  FaultServer server([&](const Received&) {
    return Reply{.status = 302,
                 .headers = {{"Location", "https://cdn.invalid/x?sig=1"},
                             {"X-Repo-Commit", commit},
                             {"X-Linked-Size", "3576256"},
                             {"X-Linked-Etag", fmt::format("\"{}\"", sha256("m").hex())},
                             {"ETag", "\"git\""}}};
  });
  HubClient hub(client_, server.base() + "/", "tok", options_);
  const auto request = hub.resolve(ref_, {"a b.gguf", 0, {}}, {});
  ASSERT_TRUE(request) << request.error().message();
  EXPECT_EQ(request->sources[0].url, server.url("/user/repo/resolve/" + commit + "/a%20b.gguf"));
  EXPECT_EQ(request->digest, sha256("m"));
  EXPECT_EQ(request->size, 3576256U);
  EXPECT_EQ(server.requests()[0].method, "HEAD");
  EXPECT_EQ(server.requests()[0].headers.get("accept-encoding"), "identity");
  EXPECT_EQ(hub.resolve(ref_, {"a.gguf", 0, sha256("other")}, {}).error().code(), ErrorCode::kCorrupt);
}

TEST_F(HubClientTest, NamesThePageToAcceptForAGatedModel) {
  FaultServer server([](const Received&) { return Reply{.status = 401, .headers = {{"X-Error-Code", "GatedRepo"}}}; });
  const auto gated = HubClient(client_, server.base(), "", options_).list(ref_, {});
  ASSERT_FALSE(gated);
  EXPECT_EQ(gated.error().code(), ErrorCode::kPermissionDenied);
  EXPECT_NE(gated.error().message().find(server.url("/user/repo")), std::string::npos) << gated.error().message();
  EXPECT_NE(gated.error().message().find("HF_TOKEN"), std::string::npos);
}

TEST_F(HubClientTest, TellsMissingFromPrivateFromAWrongToken) {
  Reply reply{.status = 401, .headers = {{"X-Error-Code", "RepoNotFound"}}};
  FaultServer server([&](const Received&) { return reply; });
  EXPECT_EQ(HubClient(client_, server.base(), "", options_).list(ref_, {}).error().code(), ErrorCode::kUnauthenticated);
  EXPECT_EQ(HubClient(client_, server.base(), "tok", options_).list(ref_, {}).error().code(), ErrorCode::kNotFound);
  reply = {.status = 404, .headers = {{"X-Error-Code", "RevisionNotFound"}}};
  EXPECT_NE(HubClient(client_, server.base(), "", options_).list(ref_, {}).error().message().find("revision 'main'"),
            std::string::npos);
}

}  // namespace
}  // namespace zubr::models
