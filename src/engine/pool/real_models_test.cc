// The pool over real models.
#include <gtest/gtest.h>

#include <thread>

#include "core/machine.h"
#include "engine/engine.h"
#include "engine/pool/model_pool.h"
#include "engine/test_models.h"

namespace zubr::engine {
namespace {

PoolOptions real_models() {
  PoolOptions options;
  options.open = [](const PoolOptions::Wanted& wanted,
                    std::stop_token stop) -> Result<std::shared_ptr<inference::Backend>> {
    ModelOptions model;
    model.path = test_model(wanted.name);
    model.threads = 1;
    model.context_tokens = wanted.context_tokens;
    model.progress = [stop](float) { return !stop.stop_requested(); };
    ZUBR_TRY(engine, Engine::open(model));
    return std::shared_ptr<inference::Backend>(std::move(engine));
  };
  options.estimate = [](const PoolOptions::Wanted& wanted) -> Result<std::uint64_t> {
    std::error_code error;
    const auto bytes = std::filesystem::file_size(test_model(wanted.name), error);
    if (error) return fail(ErrorCode::kNotFound, "model '{}' is not here", wanted.name);
    return bytes;
  };
  options.measure = core::resident_bytes;
  return options;
}

TEST(RealModels, AreRefusedWhereThereIsNoRoomAtAll) {
  ZUBR_NEED_TEST_DATA();
  PoolOptions options = real_models();
  options.memory = 1;
  ModelPool pool(std::move(options));
  EXPECT_EQ(pool.borrow({.name = "stories260K-f32.gguf"}, {}).error().code(), ErrorCode::kOutOfMemory);
  EXPECT_EQ(pool.borrow({.name = "nobody.gguf"}, {}).error().code(), ErrorCode::kNotFound);
}

TEST(RealModels, AnswerAtTheSameTime) {
  ZUBR_NEED_TEST_DATA();
  ModelPool pool(real_models());
  const std::vector<std::string> names = {"stories260K-f32.gguf", "aidreams260K-f32.gguf", "tinytalk-3m-q4_0.gguf"};
  std::vector<std::string> first(9), second(9);
  for (auto* answers : {&first, &second}) {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < 9; ++i) {
      threads.emplace_back([&, i] {
        const auto backend = pool.borrow({.name = names[i % 3], .context_tokens = 128, .keep_alive = KeepAlive(0)}, {});
        inference::GenerateRequest request;
        request.raw_prompt = "Once upon a time";
        request.max_tokens = 12;
        request.sampling.temperature = 0;
        const auto answer = backend ? (*backend)->generate(request, {}, {}) : fail(backend.error());
        (*answers)[i] = answer ? answer->text : answer.error().message();
      });
    }
  }
  EXPECT_EQ(first, second);
  EXPECT_EQ(first[0], first[3]);
  EXPECT_NE(first[0], first[1]);
  EXPECT_TRUE(pool.loaded().empty());  // nobody wanted them kept
  EXPECT_EQ(pool.borrow({.name = "README-origin.md"}, {}).error().code(), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace zubr::engine
