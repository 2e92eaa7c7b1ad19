// Drafter: a small model that guesses the next tokens of answers (speculative decoding: Leviathan et al., 2023).
//
// Its context holds what the large model's holds, sequence by sequence: it follows every step. llama-common has a
// drafter too; ours moves with the planner's copies and cuts, which that one cannot see.
//
// Threads: as a Context. Failure: after an error it is of no use any more; answers do not depend on it.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <stop_token>

#include "engine/generate/step_planner.h"
#include "engine/llama/context.h"

namespace zubr::engine {

void apply(Context& context, const CacheChange& change);

class Drafter {
 public:
  // kInvalidArgument when the vocabularies differ; errors of Context::create. `like`: of the large model.
  static Result<std::unique_ptr<Drafter>> create(const Model& large, std::shared_ptr<const Model> small,
                                                 const ContextOptions& like, int drafts);

  Result<void> follow(const Step& step, std::stop_token stop);
  // The most probable next tokens of each.
  Result<std::map<RequestId, Tokens>> guess(std::span<const Answering> answers, std::stop_token stop);

 private:
  Drafter(std::shared_ptr<const Model> model, std::unique_ptr<Context> context, int drafts)
      : model_(std::move(model)), context_(std::move(context)), drafts_(drafts) {}

  std::shared_ptr<const Model> model_;
  std::unique_ptr<Context> context_;
  int drafts_;
  Batch batch_;
};

// kInvalidArgument, saying where they differ.
Result<void> check_same_vocabulary(const Model& large, const Model& small);

}  // namespace zubr::engine
