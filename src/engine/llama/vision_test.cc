// Pictures in prompts: a real language model behind a projector of random weights. The answers mean nothing, but they
// are exact, so they are held against libmtmd's own way of evaluating the same prompt.
#include <gtest/gtest.h>
#include <mtmd-helper.h>
#include <mtmd.h>

#include <thread>

#include "core/temp_dir.h"
#include "engine/chat/prompt.h"
#include "engine/engine.h"
#include "engine/llama/handles.h"
#include "engine/llama/random_projector.h"
#include "engine/media/test_picture.h"
#include "engine/test_models.h"

namespace zubr::engine {
namespace {

using inference::GenerateRequest;
using inference::Role;

constexpr const char* kModel = "tinytalk-3m-f16.gguf";

class Vision : public testing::Test {
 protected:
  void SetUp() override {
    ZUBR_NEED_TEST_DATA();
    model_ = load_test_model(kModel, 1);
    ASSERT_TRUE(model_);
    projector_ = dir_.path() / "mmproj.gguf";
    ASSERT_TRUE(write_random_projector(projector_, model_->embedding_size()));
    ModelOptions options;
    options.path = test_model(kModel);
    options.threads = 1;
    options.projector = projector_;
    auto engine = Engine::open(options);
    ASSERT_TRUE(engine) << engine.error().message();
    engine_ = *std::move(engine);
  }

  static GenerateRequest about(const std::vector<std::string>& pictures, const std::string& text = "What is this?") {
    GenerateRequest request;
    request.messages = {{Role::kUser, text}};
    for (const std::string& picture : pictures) request.messages[0].media.push_back({picture, 0});
    request.sampling.temperature = 0;
    request.max_tokens = 16;
    return request;
  }
  Result<inference::Generation> answer(const GenerateRequest& request, const inference::EventSink& sink = {},
                                       std::stop_token stop = {}) {
    return engine_->generate(request, sink, stop);
  }

  // libmtmd reads the whole prompt as one text with markers; the most probable token each time.
  std::string reference(const std::string& picture, const std::string& text, int tokens) {
    const auto chat_template = *ChatTemplate::create(model_);
    const std::vector<inference::Message> messages = {{Role::kUser, std::string(mtmd_default_marker()) + text}};
    const std::string prompt = chat_template->render(messages)->text();
    mtmd_context_params wanted = mtmd_context_params_default();
    wanted.use_gpu = false;
    wanted.n_threads = 1;
    const mtmd::context_ptr reader(mtmd_init_from_file(projector_.c_str(), model_->handle(), wanted));
    llama_context_params options = llama_context_default_params();
    options.n_ctx = 512;
    options.n_threads = options.n_threads_batch = 1;
    const ContextHandle context(llama_init_from_model(model_->handle(), options));
    const mtmd::bitmap bitmap(mtmd_helper_bitmap_init_from_buf(reader.get(),
                                                               reinterpret_cast<const unsigned char*>(picture.data()),
                                                               picture.size(), false, mtmd_helper_init_opt_default())
                                  .bitmap);
    const mtmd_bitmap* bitmaps[] = {bitmap.ptr.get()};
    const mtmd_input_text input{prompt.c_str(), prompt.size(), model_->tokenizer().adds_bos(), true};
    const mtmd::input_chunks_ptr chunks(mtmd_input_chunks_init());
    EXPECT_EQ(mtmd_tokenize(reader.get(), chunks.get(), &input, bitmaps, 1), 0);
    llama_pos position = 0;
    EXPECT_EQ(mtmd_helper_eval_chunks(reader.get(), context.get(), chunks.get(), 0, 0, 512, true, &position), 0);
    Tokens said;
    while (static_cast<int>(said.size()) < tokens) {
      const float* logits = llama_get_logits_ith(context.get(), -1);
      llama_token best =
          static_cast<llama_token>(std::max_element(logits, logits + model_->tokenizer().size()) - logits);
      if (model_->tokenizer().is_end(best)) break;
      said.push_back(best);
      llama_batch batch = llama_batch_get_one(&best, 1);
      EXPECT_EQ(llama_decode(context.get(), batch), 0);
    }
    return model_->tokenizer().detokenize(said);
  }

  core::TempDir dir_;
  std::shared_ptr<const Model> model_;
  std::filesystem::path projector_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(Vision, AnswersAsTheReferenceDoes) {
  EXPECT_TRUE(engine_->info().can_see);
  EXPECT_FALSE(engine_->info().can_hear);
  std::set<std::string> answers;
  for (const int hue : {0, 90, 200}) {
    const std::string picture = test_picture(40, 30, hue);
    const auto said = answer(about({picture}));
    ASSERT_TRUE(said) << said.error().message();
    EXPECT_EQ(said->text, reference(picture, "What is this?", 16)) << hue;
    EXPECT_GT(said->usage.prompt_tokens, kRandomProjectorTokens);
    EXPECT_EQ(said->text, answer(about({picture}))->text);  // nothing of the one before is left
    answers.insert(said->text);
  }
  EXPECT_GT(answers.size(), 1u) << "the model does not look at the picture";
}

TEST_F(Vision, SeesWhereInTheTextAPictureStands) {
  const std::string picture = test_picture(32, 32, 50);
  const auto at = [&](std::size_t place) {
    auto request = about({}, "Look at this.");
    request.messages[0].media = {{picture, place}};
    request.top_logprobs = 1;
    request.max_tokens = 1;
    return answer(request)->logprobs.at(0).log_prob;
  };
  EXPECT_EQ(at(0), at(0));
  EXPECT_NE(at(0), at(5));
  auto twice = about({picture, picture}, "Look");
  const auto both = answer(twice);
  ASSERT_TRUE(both) << both.error().message();
  EXPECT_EQ(both->usage.prompt_tokens - answer(about({picture}, "Look"))->usage.prompt_tokens, kRandomProjectorTokens);
}

TEST_F(Vision, TextAloneIsAnsweredAsWithoutAProjector) {
  ModelOptions plain;
  plain.path = test_model(kModel);
  plain.threads = 1;
  const auto blind = *Engine::open(plain);
  const auto text = about({}, "Hello, how are you?");
  EXPECT_EQ(answer(text)->text, blind->generate(text, {}, {})->text);
  const auto refused = blind->generate(about({test_picture(8, 8, 0)}), {}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kUnsupported);
}

TEST_F(Vision, HoldsToSchemaStopStringsAndLimits) {
  const std::string picture = test_picture(32, 32, 10);
  auto request = about({picture});
  request.json_schema = R"({"type":"array","items":{"enum":[1,2]},"minItems":2,"maxItems":2})";
  request.max_tokens = 64;
  const auto json = answer(request);
  ASSERT_TRUE(json) << json.error().message();
  EXPECT_TRUE(json->text.find('[') != std::string::npos && json->text.find(']') != std::string::npos) << json->text;

  const std::string whole = answer(about({picture}))->text;
  ASSERT_GT(whole.size(), 4u);
  request = about({picture});
  request.stop = {whole.substr(3, 1)};
  std::string streamed;
  const auto cut = answer(request, [&](const inference::Event& event) {
    if (const auto* delta = std::get_if<inference::TextDelta>(&event)) streamed += delta->text;
  });
  EXPECT_EQ(cut->text, whole.substr(0, whole.find(request.stop[0])));
  EXPECT_EQ(streamed, cut->text);
  EXPECT_EQ(cut->stop, request.stop[0]);

  request = about({picture});
  request.max_tokens = 2;
  EXPECT_EQ(answer(request)->usage.completion_tokens, 2);
  request.context_tokens = 10;
  EXPECT_EQ(answer(request).error().code(), ErrorCode::kTooLarge);
}

TEST_F(Vision, RefusesWhatIsNoPicture) {
  const std::string picture = test_picture(32, 32, 10);
  EXPECT_EQ(answer(about({"no picture at all"})).error().code(), ErrorCode::kUnsupported);
  std::string damaged = picture;
  damaged[28] = 13;  // bits a pixel
  EXPECT_EQ(answer(about({damaged})).error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(answer(about({"ID3" + std::string(100, '\0')})).error().code(), ErrorCode::kUnsupported);  // it is deaf
  EXPECT_EQ(answer(about({""})).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(answer(about(std::vector<std::string>(17, picture))).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(answer(about({picture})));
}

TEST_F(Vision, StopsWhenItIsAskedToAndServesOneAfterTheOther) {
  const std::string picture = test_picture(32, 32, 10);
  const std::string alone = answer(about({picture}))->text;
  std::stop_source gone;
  gone.request_stop();
  EXPECT_EQ(answer(about({picture}), {}, gone.get_token()).error().code(), ErrorCode::kCancelled);
  auto late = about({picture});
  late.deadline = std::chrono::steady_clock::now() - std::chrono::seconds(1);
  EXPECT_EQ(answer(late).error().code(), ErrorCode::kTimeout);
  std::vector<std::string> texts(4);
  {
    std::vector<std::jthread> threads;
    for (std::string& text : texts) {
      threads.emplace_back([&] {
        const auto said = answer(about({picture}));
        text = said ? said->text : said.error().message();
      });
    }
  }
  EXPECT_EQ(texts, std::vector<std::string>(4, alone));
}

// The same way for sounds, behind Whisper's encoder.
TEST_F(Vision, HearsWithAnotherProjector) {
  projector_ = dir_.path() / "ear.gguf";
  ASSERT_TRUE(write_random_ear(projector_, model_->embedding_size()));
  ModelOptions options;
  options.path = test_model(kModel);
  options.threads = 1;
  options.projector = projector_;
  auto engine = Engine::open(options);
  ASSERT_TRUE(engine) << engine.error().message();
  engine_ = *std::move(engine);
  EXPECT_FALSE(engine_->info().can_see);
  EXPECT_TRUE(engine_->info().can_hear);
  std::set<std::string> answers;
  for (const int pitch : {200, 900, 3'000}) {
    const std::string sound = test_sound(pitch);
    const auto said = answer(about({sound}));
    ASSERT_TRUE(said) << said.error().message();
    EXPECT_EQ(said->text, reference(sound, "What is this?", 16)) << pitch;
    EXPECT_GE(said->usage.prompt_tokens, kRandomEarTokens);
    answers.insert(said->text);
  }
  EXPECT_GT(answers.size(), 1u) << "the model does not listen";
  EXPECT_EQ(answer(about({test_picture(8, 8, 0)})).error().code(), ErrorCode::kUnsupported);  // it is blind
}

TEST_F(Vision, RefusesAFileThatIsNoProjector) {
  ModelOptions options;
  options.path = test_model(kModel);
  options.projector = test_model(kModel);
  EXPECT_EQ(Engine::open(options).error().code(), ErrorCode::kUnsupported);
  ASSERT_TRUE(write_random_projector(projector_, model_->embedding_size() + 32));  // of another model
  options.projector = projector_;
  EXPECT_EQ(Engine::open(options).error().code(), ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace zubr::engine
