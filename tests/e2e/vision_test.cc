// A model that sees, as a user makes, runs and serves it: a small real language model behind a projector of random
// weights. What it says means nothing; that everybody hears the same does.
#include <gmock/gmock.h>
#include <openssl/evp.h>

#include <boost/json.hpp>

#include "e2e/serve_fixture.h"
#include "engine/llama/random_projector.h"
#include "engine/media/test_picture.h"

namespace zubr::e2e {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::StartsWith;

constexpr int kWidth = 128;  // of tinytalk's vectors

std::string base64(const std::string& bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

json::value body_of(const std::string& answer) {
  const auto at = answer.find("\r\n\r\n");
  return at == std::string::npos ? json::value() : json::parse(answer.substr(at + 4));
}

class VisionTest : public Serve {
 protected:
  void SetUp() override {
    Serve::SetUp();
    if (IsSkipped()) return;
    const char* data = std::getenv("ZUBR_TEST_DATA");
    model_file_ = std::filesystem::absolute(std::filesystem::path(data ? data : "../shared/data") / "models" /
                                            "tinytalk-3m-f16.gguf");
    if (!std::filesystem::exists(model_file_)) GTEST_SKIP() << model_file_ << " is not here; set ZUBR_TEST_DATA";
    ASSERT_TRUE(engine::write_random_projector(path("mmproj.gguf"), kWidth));
    picture_ = engine::test_picture(48, 32, 70);
    write("picture.bmp", picture_);
    write("Modelfile", "FROM " + model_file_.string() + "\nFROM mmproj.gguf\n");
    const Finished made = zubr({"create", "seer", "-f", "Modelfile"});
    ASSERT_EQ(made.status, 0) << made.err;
  }

  std::string chat_body(const std::string& picture) const {
    return R"({"model":"seer","temperature":0,"max_tokens":12,"messages":[{"role":"user","content":[)"
           R"({"type":"image_url","image_url":{"url":"data:image/bmp;base64,)" +
           base64(picture) + R"("}},{"type":"text","text":"What is this?"}]}]})";
  }
  std::string said(const std::string& picture) const {
    const std::string answer = post("/v1/chat/completions", chat_body(picture));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
    if (!answer.starts_with("HTTP/1.1 200 ")) return answer;
    return std::string(body_of(answer).at("choices").at(0).at("message").at("content").as_string());
  }

  std::filesystem::path model_file_;
  std::string picture_;
};

TEST_F(VisionTest, EveryApiShowsItThePicture) {
  const auto server = serve();
  const std::string text = said(picture_);
  EXPECT_FALSE(text.empty());
  EXPECT_NE(text, said(engine::test_picture(48, 32, 200))) << "it does not look";

  const std::string image = base64(picture_);
  const json::value ollama =
      body_of(post("/api/chat", R"({"model":"seer","stream":false,"options":{"temperature":0,"num_predict":12},)"
                                R"("messages":[{"role":"user","content":"What is this?","images":[")" +
                                    image + R"("]}]})"));
  EXPECT_EQ(ollama.at("message").at("content").as_string(), text);
  const json::value generated =
      body_of(post("/api/generate", R"({"model":"seer","stream":false,"options":{"temperature":0,"num_predict":12},)"
                                    R"("prompt":"What is this?","images":[")" +
                                        image + R"("]})"));
  EXPECT_EQ(generated.at("response").as_string(), text);
  const json::value anthropic =
      body_of(post("/v1/messages", R"({"model":"seer","max_tokens":12,"temperature":0,"messages":[{"role":"user",)"
                                   R"("content":[{"type":"image","source":{"type":"base64","media_type":"image/bmp",)"
                                   R"("data":")" +
                                       image + R"("}},{"type":"text","text":"What is this?"}]}]})"));
  EXPECT_EQ(anthropic.at("content").at(0).at("text").as_string(), text);
  const json::value response =
      body_of(post("/v1/responses", R"({"model":"seer","max_output_tokens":12,"temperature":0,"input":[{"role":"user",)"
                                    R"("content":[{"type":"input_image","image_url":"data:image/bmp;base64,)" +
                                        image + R"("},{"type":"input_text","text":"What is this?"}]}]})"));
  EXPECT_EQ(response.at("output").at(0).at("content").at(0).at("text").as_string(), text);
  EXPECT_THAT(post("/api/show", R"({"model":"seer"})"), HasSubstr("vision"));

  const Finished ran = zubr({"run", "seer", "--image", "picture.bmp", "What is this?", "--temperature", "0",
                             "--max-tokens", "12", "--compute", "ggml"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.out, text + "\n");
}

TEST_F(VisionTest, RefusesWhatItCannotLookAt) {
  const auto server = serve();
  EXPECT_THAT(post("/v1/chat/completions", chat_body("no picture")), StartsWith("HTTP/1.1 400 "));
  std::string damaged = picture_;
  damaged[28] = 13;  // bits a pixel
  EXPECT_THAT(post("/v1/chat/completions", chat_body(damaged)), HasSubstr("cannot be decoded"));
  EXPECT_EQ(zubr({"run", "seer", "x", "--image", "nowhere.png"}).status, 3);
  EXPECT_EQ(zubr({"run", "seer", "--raw", "x", "--image", "picture.bmp"}).status, 2);
  EXPECT_NE(zubr({"run", model_file_.string(), "x", "--image", "picture.bmp"}).status, 0);  // it has no projector
  EXPECT_THAT(post("/v1/chat/completions", chat_body(picture_)), StartsWith("HTTP/1.1 200 "));
}

// Also when it may fetch: an address of this machine stays private.
TEST_F(VisionTest, FetchesNothingFromPrivateNetworks) {
  const auto server = serve({"--fetch-media"});
  const std::string own = "http://127.0.0.1:" + std::to_string(port_) + "/healthz";
  const std::string answer =
      post("/v1/chat/completions", R"({"model":"seer","messages":[{"role":"user","content":[{"type":"image_url",)"
                                   R"("image_url":{"url":")" +
                                       own + R"("}}]}]})");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(answer, HasSubstr("private network"));
}

TEST_F(VisionTest, WritesDownWhatItHears) {
  ASSERT_TRUE(engine::write_random_ear(path("ear.gguf"), kWidth));
  write("Modelfile.ear", "FROM " + model_file_.string() + "\nFROM ear.gguf\n");
  ASSERT_EQ(zubr({"create", "hearer", "-f", "Modelfile.ear"}).status, 0);
  const auto server = serve();
  const auto transcribe = [&](const std::string& model, const std::string& file, const std::string& more = "") {
    const std::string part = "--b\r\nContent-Disposition: form-data; name=";
    const std::string body = part + "\"model\"\r\n\r\n" + model + "\r\n" + more + part +
                             "\"file\"; filename=\"a.wav\"\r\n\r\n" + file + "\r\n--b--\r\n";
    return ask(
        "POST /v1/audio/transcriptions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body);
  };
  const auto field = [](const std::string& name, const std::string& value) {
    return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
  };
  const std::string sound = engine::test_sound(440);
  const std::string heard = transcribe("hearer", sound, field("language", "pl"));
  EXPECT_THAT(heard, StartsWith("HTTP/1.1 200 "));
  const std::string text(body_of(heard).at("text").as_string());
  EXPECT_THAT(transcribe("hearer", sound, field("language", "pl") + field("response_format", "text")), HasSubstr(text));
  EXPECT_THAT(transcribe("hearer", sound, field("language", "pl") + field("stream", "true")),
              HasSubstr("transcript.text.done"));
  EXPECT_THAT(transcribe("hearer", sound, field("response_format", "srt")), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(transcribe("hearer", sound, field("temperature", "hot")), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(transcribe("hearer", "no sound"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(transcribe("hearer", sound.substr(0, 20)), StartsWith("HTTP/1.1 "));
  EXPECT_THAT(transcribe("seer", sound), StartsWith("HTTP/1.1 501 "));
  EXPECT_THAT(transcribe("nobody", sound), StartsWith("HTTP/1.1 404 "));
}

TEST_F(VisionTest, AnswersAsLlamaServerDoes) {
  const auto peer = std::filesystem::absolute("third_party/build/llama/bin/llama-server");
  if (!std::filesystem::exists(peer)) GTEST_SKIP() << peer << " is not here; run: tools/setup.sh bench";
  const auto server = serve();
  const std::string text = said(picture_);
  const int ours = port_;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int probe = ::socket(AF_INET, SOCK_STREAM, 0);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(probe, reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size), 0);
  ::close(probe);
  port_ = ntohs(address.sin_port);
  Process other({.arguments = {peer.string(), "-m", model_file_.string(), "--mmproj", path("mmproj.gguf").string(),
                               "--port", std::to_string(port_), "-t", "1", "-c", "512"},
                 .folder = dir_.path()});
  ASSERT_TRUE(other.wait_for_error_text("listening on http")) << other.error_text();
  EXPECT_EQ(said(picture_), text);
  port_ = ours;
}

}  // namespace
}  // namespace zubr::e2e
