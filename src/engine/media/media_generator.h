// MediaGenerator: answers to prompts with pictures and sounds in them. One at a time, in a context of its own that is
// made at the first one: what text costs elsewhere does not change, and nothing of a picture is kept for the next.
//
// Threads: generate() from any; callers wait for their turn, first come, first served.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <stop_token>

#include "core/result.h"
#include "engine/chat/prompt.h"
#include "engine/generate/grammar_cache.h"
#include "engine/llama/media_reader.h"
#include "inference/generation.h"

namespace zubr::engine {

inline constexpr std::size_t kMaxMedia = 16;  // of one prompt

class MediaGenerator {
 public:
  // `context_tokens`: the most that prompt and answer may have together.
  MediaGenerator(std::shared_ptr<const Model> model, std::unique_ptr<MediaReader> reader, int context_tokens)
      : model_(std::move(model)), reader_(std::move(reader)), context_tokens_(context_tokens) {}

  const MediaReader& reader() const { return *reader_; }

  // As Generator::generate(); also what MediaReader::read() says of a medium. kUnsupported for adapters, and for a
  // prompt that ends with a medium.
  Result<inference::Generation> generate(std::vector<PromptPart> parts, const inference::GenerateRequest& request,
                                         const inference::EventSink& sink, std::stop_token stop, GrammarSpec grammar);

 private:
  struct Prepared;
  class Turn;
  class Answer;
  Result<Prepared> prepare(std::vector<PromptPart> parts, const inference::GenerateRequest& request);
  Result<int> evaluate(const Prepared& prepared, const inference::EventSink& sink, std::stop_token stop,
                       std::chrono::steady_clock::time_point deadline);

  const std::shared_ptr<const Model> model_;
  const std::unique_ptr<MediaReader> reader_;
  const int context_tokens_;
  GrammarCache grammars_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::uint64_t next_ticket_ = 0;  // guarded by mutex_, as what follows
  std::set<std::uint64_t> waiting_;
  bool busy_ = false;
  std::unique_ptr<Context> context_;  // of whose turn it is, as reader_ and what follows
  Batch batch_;
};

}  // namespace zubr::engine
