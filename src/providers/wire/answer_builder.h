// Puts an answer together from what a provider sends, piece by piece, and passes the pieces on. Only for wire/.
//
// Limits hold here for every dialect: characters in all, tool calls. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/money.h"
#include "inference/generation.h"
#include "providers/fault.h"
#include "providers/upstream.h"

namespace zubr::providers {

inline constexpr std::size_t kMaxAnswerBytes = 64u << 20;
inline constexpr int kMaxToolCalls = 256;

class AnswerBuilder {
 public:
  explicit AnswerBuilder(const inference::EventSink& sink) : sink_(sink) {}

  UpstreamResult<void> text(std::string text, std::vector<inference::TokenLogprobs> logprobs = {});
  UpstreamResult<void> thought(std::string text);
  // `index` is the provider's; calls are numbered anew in the order in which they came. An id or a name that came
  // before stays.
  UpstreamResult<void> tool_call(std::int64_t index, std::string id, std::string name, std::string arguments);
  void finish(inference::FinishReason reason) { finish_ = reason; }
  void stopped_by(std::string stop) { answer_.generation.stop = std::move(stop); }

  bool finished() const { return finish_.has_value(); }
  bool has_output() const { return has_output_; }
  Answer& answer() { return answer_; }
  // kNotUnderstood where a call has no name.
  UpstreamResult<Answer> take();

 private:
  UpstreamResult<void> grow(std::size_t bytes);

  const inference::EventSink& sink_;
  Answer answer_;
  std::optional<inference::FinishReason> finish_;
  std::vector<std::int64_t> indices_;
  std::size_t bytes_ = 0;
  bool has_output_ = false;
};

}  // namespace zubr::providers
