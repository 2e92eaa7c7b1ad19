// How the text that a model writes is read: what of it is the answer, what are thoughts, what are calls of tools.
//
// Threads: immutable; read() from any thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "inference/generation.h"

namespace zubr::engine {

struct ReadAnswer {
  std::string text = {};
  std::string thoughts = {};
  std::vector<inference::ToolCall> calls = {};  // ids may be empty
};

class AnswerFormat {
 public:
  virtual ~AnswerFormat() = default;

  // `whole`: no more comes. Else what can be said already; a later read of more text says at least as much, but the
  // arguments of the last call may still change. kInternal for a text that is not in this format.
  virtual Result<ReadAnswer> read(std::string_view written, bool whole) const = 0;
};

}  // namespace zubr::engine
