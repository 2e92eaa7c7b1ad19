// Answers on the terminal: one, streamed as it comes, or a conversation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/session.h"
#include "inference/backend.h"

namespace zubr::cli {

// 0 … 4294967295; kInvalidArgument for anything else.
Result<std::uint32_t> parse_seed(std::string_view text);

// Streams the answer to the console's out and ends it with a newline. Returns the answer. kCancelled after Ctrl-C, with
// what was said so far already shown.
Result<std::string> stream_answer(inference::Backend& backend, const inference::GenerateRequest& request,
                                  Session& session);

// Reads lines and answers them, keeping the history, until /bye or the end of input. Ctrl-C stops an answer (which then
// stays out of the history), not the conversation. `request` holds the options and, if wanted, a system message.
Result<int> chat_loop(inference::Backend& backend, inference::GenerateRequest request, Session& session);

}  // namespace zubr::cli
