// AnswerReader: stands between a generation, which knows only text, and a sink that wants answer, thoughts and calls
// apart. One thread.
#pragma once

#include <memory>
#include <string>

#include "core/result.h"
#include "engine/chat/answer_format.h"
#include "inference/generation.h"

namespace zubr::engine {

class AnswerReader {
 public:
  // The sink must outlive the reader; it may be empty.
  AnswerReader(std::shared_ptr<const AnswerFormat> format, const inference::EventSink& sink)
      : format_(std::move(format)), sink_(sink) {}

  // An event of the generation. Text goes on only as far as it is understood.
  void push(const inference::Event& event);

  // The rest, and the whole answer in its parts. `required`: an answer without a call is an error, unless it was cut at
  // max_tokens.
  Result<void> finish(inference::Generation& generation, bool required);

 private:
  void report(ReadAnswer now, bool whole);
  void emit(inference::Event event) const {
    if (sink_) sink_(event);
  }

  const std::shared_ptr<const AnswerFormat> format_;
  const inference::EventSink& sink_;
  std::string written_;
  ReadAnswer said_;  // what the sink was told
};

}  // namespace zubr::engine
