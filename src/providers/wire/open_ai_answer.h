// Reads answers of OpenAI's chat completions and completions, whole or as a stream. Only for open_ai.cc.
#pragma once

#include <boost/json.hpp>

#include "providers/wire/dialect.h"

namespace zubr::providers {

class OpenAiReader : public AnswerReader {
 public:
  explicit OpenAiReader(AnswerBuilder& builder) : builder_(builder) {}

  UpstreamResult<void> event(std::string_view name, std::string_view data) override;
  UpstreamResult<void> whole(std::string_view body) override;
  bool complete() const override { return builder_.finished() || done_; }

 private:
  UpstreamResult<void> read(const boost::json::object& object, std::string_view raw);
  UpstreamResult<void> choice(const boost::json::object& choice);
  UpstreamResult<void> tool_calls(const boost::json::array& calls);
  void usage(const boost::json::object& usage);

  AnswerBuilder& builder_;
  bool done_ = false;
  bool saw_choice_ = false;
};

}  // namespace zubr::providers
