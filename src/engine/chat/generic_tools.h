// Tools for models whose chat template knows none: they are described in a message, and a grammar makes the answer a
// JSON object, either {"tool_calls":[{"name":…,"arguments":{…}}]} or {"response":…}.
//
// Pure. The same is done for any model, so it works as well as the model understands what it reads.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/chat/answer_format.h"
#include "inference/generation.h"

namespace zubr::engine {

// The messages as a template can render them that knows only system (or not even that), user and assistant. The tools
// are described in the first message that is allowed to; calls and their results become text.
std::vector<inference::Message> describe_tools(std::span<const inference::Message> messages,
                                               std::span<const inference::Tool> tools, inference::ToolChoice choice,
                                               bool system_role);

// The schema of the answer, for check_schema(). `response_schema`: of "response"; none = a text. kInvalidArgument for
// parameters of a strict tool that cannot be enforced.
Result<std::string> generic_answer_schema(std::span<const inference::Tool> tools, inference::ToolChoice choice,
                                          bool parallel, const std::optional<std::string>& response_schema);

std::shared_ptr<const AnswerFormat> generic_format();

}  // namespace zubr::engine
