// Engine: a model on this machine as an inference::Backend.
//
//   ZUBR_TRY(engine, Engine::open({.path = "tinytalk.gguf"}));
//   engine->generate({.messages = {{Role::kUser, "Hi!"}}}, print, stop);
//
// Joins the parts of this folder: generate/ (several generations at a time on one thread), chat/ (messages to prompts),
// embed/, and the label scorer. Working memory is made for each of them when it is first used.
//
// Threads: every method from any thread at once; the destructor when no call is running any more (ask them to stop, and
// wait for them).
// Ownership: LabelScorers share the model and may outlive the Engine.
#pragma once

#include <memory>

#include "engine/model_options.h"
#include "engine/run_options.h"
#include "inference/backend.h"

namespace zubr::engine {

class Engine : public inference::Backend {
 public:
  // Loads the model: errors of Model::load (llama/model.h). kInvalidArgument for a draft model of another vocabulary.
  static Result<std::unique_ptr<Engine>> open(const ModelOptions& options, const RunOptions& run = {});
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  inference::ModelInfo info() const override;
  // kUnavailable when too many generations wait already.
  Result<inference::Generation> generate(const inference::GenerateRequest& request, const inference::EventSink& sink,
                                         std::stop_token stop) override;
  Result<std::vector<Result<inference::Embedding>>> embed(const inference::EmbedRequest& request,
                                                          std::stop_token stop) override;
  Result<std::unique_ptr<inference::LabelScorer>> open_labels(const inference::LabelTask& task,
                                                              std::stop_token stop) override;
  Result<std::vector<std::string>> label_codes(std::size_t count) override;
  Result<std::vector<std::int32_t>> tokenize(const inference::TokenizeRequest& request) override;
  Result<std::string> detokenize(std::span<const std::int32_t> tokens) override;
  Result<Prompt> render(const inference::GenerateRequest& request) override;

 private:
  struct Parts;
  explicit Engine(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace zubr::engine
