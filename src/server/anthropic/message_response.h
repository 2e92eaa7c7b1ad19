// The answer of POST /v1/messages: one object, or server-sent events with names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "inference/generation.h"
#include "server/endpoints/reply_stream.h"

namespace zubr::server::anthropic {

inline constexpr ReplyForm kNamedEvents{"text/event-stream; charset=utf-8", "event: error\ndata: ", "\n\n",
                                        Dialect::kAnthropic};

std::string message_json(std::string_view id, std::string_view model, const inference::Generation& generation);

// The events of one stream, in order. Blocks are opened and closed as what comes changes its kind.
class MessageEvents {
 public:
  MessageEvents(std::string id, std::string model) : id_(std::move(id)), model_(std::move(model)) {}

  // What the event of a generation becomes: none, one or several events. Begins the message where it has not begun.
  std::string of(const inference::Event& event);
  // Closes the message; begins it where there was nothing to say.
  std::string finish(const inference::Generation& generation);

 private:
  enum class Block { kNone, kText, kThoughts, kCall };
  std::string begin();
  std::string open(Block kind, std::string_view content);
  std::string close();
  std::string delta(std::string_view fields);

  const std::string id_, model_;
  std::int64_t prompt_tokens_ = 0;
  bool begun_ = false;
  Block block_ = Block::kNone;
  int index_ = -1;  // of the block
};

}  // namespace zubr::server::anthropic
