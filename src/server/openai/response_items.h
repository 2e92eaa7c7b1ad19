// The items of /v1/responses (platform.openai.com/docs/api-reference/responses): messages, calls of functions and their
// outputs, as a client sends them and as we keep them.
#pragma once

#include <boost/json.hpp>

#include <optional>
#include <string>
#include <vector>

#include "inference/generation.h"
#include "server/api_error.h"

namespace zubr::server::openai {

// Appends what the items say to a conversation. Thoughts of earlier answers are left out, as templates want it.
// `path`: of the array, for messages.
void append_items(const boost::json::array& items, const std::string& path, std::vector<inference::Message>& messages,
                  std::optional<ApiError>& error);

// One user's message of a text.
boost::json::object text_item(std::string_view text);

// A part of an answer.
boost::json::object message_item(std::string_view id, std::string_view text, std::string_view status);
boost::json::object output_text(std::string_view text);
boost::json::object thought_item(std::string_view id, std::string_view text);
boost::json::object call_item(std::string_view id, const inference::ToolCall& call, std::string_view status);

}  // namespace zubr::server::openai
