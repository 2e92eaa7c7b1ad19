#include "engine/engine.h"

#include <utility>

#include "core/machine.h"
#include "engine/chat/prompt.h"
#include "engine/embed/embedder.h"
#include "engine/generate/generator.h"
#include "engine/label_codes.h"
#include "engine/label_scorer.h"
#include "engine/llama/model.h"

namespace zubr::engine {

struct Engine::Parts {
  Parts(std::shared_ptr<const Model> loaded, const ModelOptions& options)
      : model(std::move(loaded)),
        prompts(model),
        generator(model, {.parallel = options.parallel, .shrink_context = options.context_tokens == 0}),
        embedder(model) {}

  std::shared_ptr<const Model> model;
  PromptBuilder prompts;
  Generator generator;
  Embedder embedder;
};

Engine::Engine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Engine::~Engine() {
  parts_.reset();
  core::release_free_memory();
}

Result<std::unique_ptr<Engine>> Engine::open(const ModelOptions& options) {
  if (options.parallel < 1 || options.parallel > 64)
    return fail(ErrorCode::kInvalidArgument, "{} generations at the same time are asked for; 1 to 64 are possible",
                options.parallel);
  ZUBR_TRY(model, Model::load(options));
  return std::unique_ptr<Engine>(new Engine(std::make_unique<Parts>(std::move(model), options)));
}

inference::ModelInfo Engine::info() const {
  const Model& model = *parts_->model;
  return {.name = model.name(),
          .description = model.description(),
          .context_tokens = model.can_generate() ? parts_->generator.context_tokens() : parts_->embedder.max_tokens(),
          .can_embed = parts_->embedder.supported(),
          .can_generate = model.can_generate(),
          .has_chat_template = parts_->prompts.has_template()};
}

Result<inference::Generation> Engine::generate(const inference::GenerateRequest& request,
                                               const inference::EventSink& sink, std::stop_token stop) {
  ZUBR_TRY(prompt, parts_->prompts.build(request));
  return parts_->generator.generate(std::move(prompt), request, sink, stop);
}

Result<std::vector<Result<inference::Embedding>>> Engine::embed(const inference::EmbedRequest& request,
                                                                std::stop_token stop) {
  return parts_->embedder.embed(request, stop);
}

Result<std::unique_ptr<inference::LabelScorer>> Engine::open_labels(const inference::LabelTask& task,
                                                                    std::stop_token stop) {
  return open_label_scorer(parts_->model, task, stop);
}

Result<std::vector<std::string>> Engine::label_codes(std::size_t count) {
  return find_label_codes(parts_->model->tokenizer(), count);
}

}  // namespace zubr::engine
