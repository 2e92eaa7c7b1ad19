#include "engine/engine.h"

#include <utility>

#include "core/machine.h"
#include "core/utf8.h"
#include "engine/chat/answer_reader.h"
#include "engine/chat/prompt.h"
#include "engine/embed/embedder.h"
#include "engine/generate/drafter.h"
#include "engine/generate/generator.h"
#include "engine/label_codes.h"
#include "engine/label_scorer.h"
#include "engine/llama/model.h"
#include "engine/media/media_generator.h"

namespace zubr::engine {

struct Engine::Parts {
  Parts(std::shared_ptr<const Model> loaded, const ModelOptions& options, const RunOptions& run,
        std::shared_ptr<const Model> draft)
      : model(std::move(loaded)),
        prompts(model),
        generator(model, {.parallel = options.parallel,
                          .shrink_context = options.context_tokens == 0,
                          .cache = run.cache,
                          .flash = run.flash,
                          .adapters = std::make_shared<Adapters>(model, run.adapters),
                          .draft = std::move(draft),
                          .drafts = run.drafts}),
        embedder(model),
        parallel(options.parallel) {}

  // What a model without one does not take.
  bool sees() const { return media && media->reader().sees(); }
  bool hears() const { return media && media->reader().hears(); }

  std::shared_ptr<const Model> model;
  PromptBuilder prompts;
  Generator generator;
  Embedder embedder;
  std::unique_ptr<MediaGenerator> media;  // null: the model has no projector
  const int parallel;
};

Engine::Engine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Engine::~Engine() {
  parts_.reset();
  core::release_free_memory();
}

Result<std::unique_ptr<Engine>> Engine::open(const ModelOptions& options, const RunOptions& run) {
  if (options.parallel < 1 || options.parallel > 64)
    return fail(ErrorCode::kInvalidArgument, "{} generations at the same time are asked for; 1 to 64 are possible",
                options.parallel);
  ZUBR_TRY(model, Model::load(options));
  std::shared_ptr<const Model> draft;
  if (!run.draft.empty()) {
    if (run.drafts < 1 || run.drafts > 32)
      return fail(ErrorCode::kInvalidArgument, "{} tokens are to be drafted at a time; 1 to 32 are possible",
                  run.drafts);
    ModelOptions small;
    small.path = run.draft;
    small.threads = options.threads;
    ZUBR_TRY(loaded, Model::load(small));
    ZUBR_CHECK(check_same_vocabulary(*model, *loaded));
    draft = std::move(loaded);
  }
  std::unique_ptr<MediaReader> reader;
  if (!options.projector.empty()) {
    ZUBR_TRY(opened, MediaReader::open(model, options.projector, options.threads));
    reader = std::move(opened);
  }
  auto parts = std::make_unique<Parts>(model, options, run, std::move(draft));
  if (reader)
    parts->media = std::make_unique<MediaGenerator>(model, std::move(reader), parts->generator.context_tokens());
  return std::unique_ptr<Engine>(new Engine(std::move(parts)));
}

inference::ModelInfo Engine::info() const {
  const Model& model = *parts_->model;
  return {.name = model.name(),
          .description = model.description(),
          .context_tokens = model.can_generate() ? parts_->generator.context_tokens() : parts_->embedder.max_tokens(),
          .can_embed = parts_->embedder.supported(),
          .can_generate = model.can_generate(),
          .has_chat_template = parts_->prompts.has_template(),
          .can_infill = model.can_generate() && model.tokenizer().can_infill(),
          .can_see = parts_->sees(),
          .can_hear = parts_->hears(),
          .architecture = model.architecture(),
          .quantization = model.quantization(),
          .parameters = static_cast<std::int64_t>(model.parameters()),
          .bytes = model.bytes(),
          .embedding_length = model.embedding_size(),
          .chat_template = model.chat_template().value_or(""),
          .template_has_tools = parts_->prompts.chat_template() && parts_->prompts.chat_template()->has_tools(),
          .template_has_thinking = parts_->prompts.chat_template() && parts_->prompts.chat_template()->has_thinking(),
          .begin_token = model.tokenizer().piece(model.tokenizer().bos(), true),
          .end_token = model.tokenizer().piece(model.tokenizer().end_of_answer(), true),
          .parallel = parts_->parallel};
}

Result<std::vector<std::int32_t>> Engine::tokenize(const inference::TokenizeRequest& request) {
  return parts_->model->tokenizer().tokenize(
      request.text, {.add_special = request.add_special, .parse_special = request.parse_special});
}

Result<std::string> Engine::detokenize(std::span<const std::int32_t> tokens) {
  for (const Token token : tokens) {
    if (token < 0 || token >= parts_->model->tokenizer().size())
      return fail(ErrorCode::kInvalidArgument, "{} is no token of '{}'; its tokens are 0 to {}", token,
                  parts_->model->name(), parts_->model->tokenizer().size() - 1);
  }
  return core::utf8_replace(parts_->model->tokenizer().detokenize(tokens, /*special=*/true));
}

Result<inference::Backend::Prompt> Engine::render(const inference::GenerateRequest& request) {
  ZUBR_TRY(prompt, parts_->prompts.build(request));
  if (!prompt.parts.empty())
    return fail(ErrorCode::kUnsupported, "a prompt with pictures or sounds is no text; send it to be answered");
  ZUBR_TRY(text, detokenize(prompt.tokens));
  return Prompt{std::move(text), std::move(prompt.tokens)};
}

Result<inference::Generation> Engine::generate(const inference::GenerateRequest& request,
                                               const inference::EventSink& sink, std::stop_token stop) {
  ZUBR_TRY(prompt, parts_->prompts.build(request));
  if (!prompt.parts.empty() && !parts_->media)
    return fail(ErrorCode::kUnsupported,
                "'{}' takes text only; pictures and sounds are for models with a projector (mmproj)", info().name);
  const auto answer = [&](const inference::GenerateRequest& wanted, const inference::EventSink& events) {
    return prompt.parts.empty()
               ? parts_->generator.generate(std::move(prompt.tokens), wanted, events, stop, std::move(prompt.grammar))
               : parts_->media->generate(std::move(prompt.parts), wanted, events, stop, std::move(prompt.grammar));
  };
  if (!prompt.format) return answer(request, sink);
  inference::GenerateRequest with_stops = request;
  with_stops.stop.insert(with_stops.stop.end(), prompt.stops.begin(), prompt.stops.end());
  AnswerReader reader(prompt.format, sink);
  ZUBR_TRY(generation, answer(with_stops, [&](const inference::Event& event) { reader.push(event); }));
  ZUBR_CHECK(reader.finish(generation, request.tool_choice == inference::ToolChoice::kRequired));
  return generation;
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
