// Several models behind one server: loaded when they are asked for, unloaded when they are not. The real program.
#include <gmock/gmock.h>

#include "e2e/serve_fixture.h"

namespace zubr::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ServeModels : public Serve {
 protected:
  void SetUp() override {
    Serve::SetUp();
    if (IsSkipped()) return;
    if (!std::filesystem::exists(file_)) GTEST_SKIP() << "no model to serve";
    for (const char* name : {"second", "third"}) ASSERT_EQ(zubr({"models", "add", file_, "--name", name}).status, 0);
  }
  std::string chat_with(const std::string& model, const std::string& more = "") const {
    return post("/api/chat", R"({"model":")" + model +
                                 R"(","messages":[{"role":"user","content":"hi"}],"stream":false,)" +
                                 R"("options":{"num_predict":2})" + more + "}");
  }
  std::string loaded() const { return get("/api/ps"); }
  // A model goes when the request that had it is over, which may be after its answer was read.
  bool goes() const {
    for (int asked = 0; asked < 2'000; ++asked) {
      if (loaded().find(R"({"models":[]})") != std::string::npos) return true;
    }
    return false;
  }

  const std::string file_ = std::filesystem::absolute("assets/models/built-in.gguf").string();
};

TEST_F(ServeModels, AreLoadedWhenTheyAreAskedFor) {
  const auto server = serve();
  EXPECT_THAT(server->error_text(), HasSubstr("the models of this machine"));
  EXPECT_THAT(loaded(), HasSubstr(R"({"models":[]})"));
  const std::string list = get("/v1/models");
  for (const char* name : {"built-in", "second", "third"}) EXPECT_THAT(list, HasSubstr(std::string(name)));
  EXPECT_THAT(chat_with("second"), HasSubstr(R"("model":"second")"));
  EXPECT_THAT(loaded(), HasSubstr(R"("name":"second")"));
  EXPECT_THAT(loaded(), Not(HasSubstr("2318-")));  // it goes some day
  EXPECT_THAT(chat_with("third:latest"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(chat_with(""), HasSubstr(R"("model":"built-in")"));
  EXPECT_THAT(loaded(), HasSubstr("third"));
  EXPECT_THAT(get("/metrics"), HasSubstr("zubr_models_loaded 3"));
}

TEST_F(ServeModels, AreFoundByNameOnly) {
  const auto server = serve();
  for (const std::string& name :
       {std::string("nobody"), file_, std::string("../models/second"), std::string("meta/llama")}) {
    const std::string answer = post("/v1/chat/completions", R"({"model":")" + name + R"(","messages":[]})");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 4")) << name;
    const std::string asked = post("/v1/embeddings", R"({"model":")" + name + R"(","input":"x"})");
    EXPECT_THAT(asked, StartsWith("HTTP/1.1 404 ")) << name;
    EXPECT_THAT(asked, HasSubstr("model_not_found")) << name;
  }
  EXPECT_THAT(loaded(), HasSubstr(R"({"models":[]})"));
}

TEST_F(ServeModels, StayAsLongAsTheRequestSays) {
  const auto server = serve({"--keep-alive", "0"});
  EXPECT_THAT(chat_with("second"), StartsWith("HTTP/1.1 200 "));
  EXPECT_TRUE(goes()) << loaded();
  EXPECT_THAT(chat_with("second", R"(,"keep_alive":-1)"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(chat_with("second"), StartsWith("HTTP/1.1 200 "));  // says nothing of it: as it was
  EXPECT_THAT(loaded(), HasSubstr("2318-"));
  EXPECT_THAT(post("/api/generate", R"({"model":"second","keep_alive":0})"), HasSubstr(R"("done_reason":"unload")"));
  EXPECT_TRUE(goes()) << loaded();
}

TEST_F(ServeModels, AreDeletedButForTheOneThatIsServed) {
  const auto server = serve({"--model", "second"});
  EXPECT_THAT(server->error_text(), HasSubstr("serving second at"));
  EXPECT_THAT(loaded(), HasSubstr("2318-"));
  EXPECT_THAT(chat_with("third"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(post("/api/delete", R"({"model":"third"})", "DELETE"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(loaded(), Not(HasSubstr("third")));
  EXPECT_THAT(chat_with("third"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(post("/api/delete", R"({"model":"second:latest"})", "DELETE"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(ServeModels, AreRefusedWithoutRoom) {
  const auto server = serve({"--memory-gb", "0.001"});
  const std::string answer = chat_with("second");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("needs about"));
}

TEST_F(ServeModels, ThatAreToStayMustBeThere) {
  Finished refused = zubr({"serve", "--port", "0", "--pinned", "nobody"});
  EXPECT_EQ(refused.status, 3) << refused.err;
  EXPECT_SAYS(refused.err, "nobody");
  refused = zubr({"serve", "--port", "0", "--keep-alive", "soon"});
  EXPECT_EQ(refused.status, 2) << refused.err;
  EXPECT_SAYS(refused.err, "length of time");
}

}  // namespace
}  // namespace zubr::e2e
