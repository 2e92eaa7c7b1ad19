#include "engine/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <functional>
#include <set>
#include <thread>

#include "core/machine.h"
#include "engine/test_models.h"

namespace zubr::engine {
namespace {

namespace json = boost::json;
using inference::GenerateRequest;
using inference::Role;

std::unique_ptr<Engine> open(const std::string& file, int parallel = 4) {
  ModelOptions options;
  options.path = test_model(file);
  options.threads = 1;
  options.parallel = parallel;
  auto engine = Engine::open(options);
  EXPECT_TRUE(engine) << (engine ? "" : engine.error().message());
  return engine ? std::move(*engine) : nullptr;
}

inference::EmbedRequest request_for(std::vector<std::string> texts) {
  inference::EmbedRequest request;
  request.texts = std::move(texts);
  return request;
}

class EngineTest : public testing::Test {
 protected:
  void SetUp() override { ZUBR_NEED_TEST_DATA(); }
};

TEST_F(EngineTest, SaysWhatItIs) {
  const auto info = open("tinytalk-3m-q4_0.gguf")->info();
  EXPECT_EQ(info.name, "tinytalk-3m-q4_0");
  EXPECT_EQ(info.context_tokens, 256);
  EXPECT_TRUE(info.can_generate);
  EXPECT_TRUE(info.can_embed);
  EXPECT_TRUE(info.has_chat_template);
  EXPECT_FALSE(open("stories260K-f32.gguf")->info().has_chat_template);
}

TEST_F(EngineTest, AnswersMessagesThroughTheModelsTemplate) {
  const auto engine = open("tinytalk-3m-q4_0.gguf");
  GenerateRequest request;
  request.messages = {{Role::kUser, "I bought a new dog today!"}};
  request.sampling.temperature = 0;
  request.max_tokens = 64;
  const auto answer = engine->generate(request, {}, {});
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_NE(answer->text.find("That's great! What kind of dog"), std::string::npos) << answer->text;
}

TEST_F(EngineTest, TakesOnlyRawPromptsWithoutATemplate) {
  const auto engine = open("stories260K-f32.gguf");
  GenerateRequest request;
  request.max_tokens = 5;
  request.messages = {{Role::kUser, "Hi"}};
  const auto refused = engine->generate(request, {}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kUnsupported);
  EXPECT_NE(refused.error().message().find("raw prompt"), std::string::npos) << refused.error().message();
  request.messages.clear();
  EXPECT_EQ(engine->generate(request, {}, {}).error().code(), ErrorCode::kInvalidArgument);
  request.raw_prompt = "Once upon a time";
  EXPECT_TRUE(engine->generate(request, {}, {}));
}

struct SchemaCase {
  const char* schema;
  std::function<bool(const json::value&)> accepts;
};

const std::vector<SchemaCase>& schema_cases() {
  static const std::vector<SchemaCase> cases = {
      {R"({"type":"object","properties":{"name":{"type":"string","maxLength":12},"age":{"type":"integer","minimum":0,)"
       R"("maximum":120}},"required":["name","age"]})",
       [](const json::value& v) {
         return v.as_object().size() == 2 && v.at("name").as_string().size() <= 4 * 12 && v.at("age").as_int64() >= 0 &&
                v.at("age").as_int64() <= 120;
       }},
      {R"({"type":"array","items":{"enum":["red","green"]},"minItems":2,"maxItems":4})",
       [](const json::value& v) {
         return v.as_array().size() >= 2 && v.as_array().size() <= 4 &&
                std::ranges::all_of(v.as_array(), [](const json::value& x) { return x == "red" || x == "green"; });
       }},
      {R"({"type":"boolean"})", [](const json::value& v) { return v.is_bool(); }},
      {R"({"anyOf":[{"type":"null"},{"const":{"a":[1,2]}}]})",
       [](const json::value& v) {
         return v.is_null() || v == json::value{{"a", {1, 2}}};
       }},
      {R"({"type":"string","pattern":"^[A-Z]{2}-\\d{3}(,[ab]{1,3}c)?$"})",
       [](const json::value& v) {
         const auto& s = v.as_string();
         return s.size() >= 6 && s[0] >= 'A' && s[0] <= 'Z' && s[2] == '-';
       }},
      {R"({"type":"string","pattern":"^.{1,8}$"})",
       [](const json::value& v) { return !v.as_string().empty() && v.as_string().size() <= 32; }},
      {R"({"type":"object","properties":{"day":{"type":"string","format":"date"},"ok":{"type":["boolean","null"]}},)"
       R"("required":["day"]})",
       [](const json::value& v) { return v.at("day").as_string().size() == 10; }},
      {R"({"$ref":"#/$defs/leaf","$defs":{"leaf":{"type":"object","properties":{"n":{"type":"integer","minimum":1,)"
       R"("maximum":3}},"required":["n"]}}})",
       [](const json::value& v) { return v.at("n").as_int64() >= 1 && v.at("n").as_int64() <= 3; }},
      {R"({"allOf":[{"type":"object","properties":{"a":{"const":1}},"required":["a"]},{"type":"object",)"
       R"("properties":{"b":{"const":2}},"required":["b"]}]})",
       [](const json::value& v) { return v.at("a") == 1 && v.at("b") == 2; }},
      {R"({"enum":["zażółć","gęślą \"jaźń\"",null,3.5]})",
       [](const json::value& v) { return v == "zażółć" || v == "gęślą \"jaźń\"" || v.is_null() || v == 3.5; }},
  };
  return cases;
}

TEST_F(EngineTest, WritesWhatTheSchemaAccepts) {
  for (const char* model : {"stories260K-f32.gguf", "tinytalk-3m-q4_0.gguf"}) {
    const auto engine = open(model);
    for (const SchemaCase& schema : schema_cases()) {
      for (const double temperature : {0.0, 1.0}) {
        SCOPED_TRACE(fmt::format("{} {} at {}", model, schema.schema, temperature));
        GenerateRequest request;
        request.raw_prompt = "Once upon a time";
        request.json_schema = schema.schema;
        request.max_tokens = 200;
        request.sampling.temperature = temperature;
        request.sampling.seed = 3;
        const auto answer = engine->generate(request, {}, {});
        ASSERT_TRUE(answer) << answer.error().message();
        EXPECT_EQ(answer->finish, inference::FinishReason::kStop) << answer->text;
        boost::system::error_code problem;
        const json::value value = json::parse(answer->text, problem);
        ASSERT_FALSE(problem) << answer->text;
        EXPECT_TRUE(schema.accepts(value)) << answer->text;
      }
    }
  }
}

TEST_F(EngineTest, GivesCodesOfOneTokenEach) {
  const auto engine = open("tinytalk-3m-q4_0.gguf");
  const auto codes = engine->label_codes(300);
  ASSERT_TRUE(codes) << codes.error().message();
  EXPECT_EQ(std::set<std::string>(codes->begin(), codes->end()).size(), 300u);
  EXPECT_EQ(codes->front(), "A");
  const auto model = load_test_model("tinytalk-3m-q4_0.gguf", 1);
  std::set<Token> distinct;
  for (const auto& code : *codes) {
    const auto tokens = model->tokenizer().tokenize_continuation(" " + code, false);
    ASSERT_EQ(tokens->size(), 1u) << code;
    distinct.insert(tokens->front());
  }
  EXPECT_EQ(distinct.size(), 300u);
  const auto fewer = engine->label_codes(5);
  EXPECT_TRUE(std::equal(fewer->begin(), fewer->end(), codes->begin()));
  EXPECT_EQ(engine->label_codes(1'000'000).error().code(), ErrorCode::kUnsupported);
}

TEST_F(EngineTest, DoesEverythingAtOnce) {
  const auto engine = open("tinytalk-3m-q4_0.gguf");
  GenerateRequest request;
  request.raw_prompt = "User: Hey, how are you?\nBot:";
  request.sampling.temperature = 0;
  request.max_tokens = 24;
  inference::LabelTask task;
  task.raw_prompt = "Text: {{text}}\nColour:";
  task.labels = {"red", "green", "blue"};
  std::atomic<int> done = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back(
          [&] { done += engine->generate(request, {}, {})->text == " I'm good, thanks for asking. How about you?"; });
      threads.emplace_back([&] { done += engine->embed(request_for({"a", "b"}), {}).has_value(); });
    }
    threads.emplace_back([&] {
      const auto scorer = engine->open_labels(task, {});
      if (!scorer) return;
      const std::vector<inference::PreparedText> rows = {*(*scorer)->prepare("grass")};
      done += (*scorer)->score(rows, {}).has_value();
    });
  }
  EXPECT_EQ(done, 7);
}

TEST_F(EngineTest, RefusesImpossibleOptions) {
  ModelOptions options;
  options.path = test_model("stories260K-f32.gguf");
  options.parallel = 0;
  EXPECT_EQ(Engine::open(options).error().code(), ErrorCode::kInvalidArgument);
  options.parallel = 4;
  options.path = "nowhere.gguf";
  EXPECT_EQ(Engine::open(options).error().code(), ErrorCode::kNotFound);
}

TEST_F(EngineTest, TakesTheContextThatTheUserAsksForWhereTheModelHasPositionsForIt) {
  ModelOptions options;
  options.path = test_model("tinytalk-3m-q4_0.gguf");  // its positions are learned: there are 256
  options.threads = 1;
  options.context_tokens = 100;
  const auto small = Engine::open(options);
  ASSERT_TRUE(small);
  EXPECT_EQ((*small)->info().context_tokens, 100);
  options.context_tokens = 100'000;
  EXPECT_EQ(Engine::open(options).error().code(), ErrorCode::kInvalidArgument);
}

// Everything that an engine makes goes with it.
TEST_F(EngineTest, GivesItsMemoryBackWhenItIsUnloaded) {
  const auto use = [] {
    const auto engine = open("tinytalk-3m-q4_0.gguf");
    GenerateRequest request;
    request.raw_prompt = "User: Hi\nBot:";
    request.max_tokens = 4;
    ASSERT_TRUE(engine->generate(request, {}, {}));
    ASSERT_TRUE(engine->embed(request_for({"dog"}), {}));
  };
  for (int i = 0; i < 5; ++i) use();
  const auto before = core::resident_bytes();
  for (int i = 0; i < 20; ++i) use();
  const auto after = core::resident_bytes();
  EXPECT_LT(after, before + (8u << 20)) << "grew by " << (after - before) / 1024 << " KiB in 20 rounds";
}

}  // namespace
}  // namespace zubr::engine
