#include "engine/prefix/prompt_parts.h"

namespace zubr::engine {
namespace {

// Removes the spaces at the end of `text` and returns them.
std::string take_trailing_spaces(std::string& text) {
  const auto last = text.find_last_not_of(' ');
  const std::size_t keep = last == std::string::npos ? 0 : last + 1;
  std::string spaces = text.substr(keep);
  text.resize(keep);
  return spaces;
}

bool is_white_space(char byte) { return byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r'; }

}  // namespace

Result<PromptParts> split_prompt(std::string_view prompt, std::string_view placeholder) {
  const auto at = prompt.find(placeholder);
  if (at == std::string_view::npos) {
    return fail(ErrorCode::kInvalidArgument, "the prompt has no place for the text; put {} where it belongs",
                placeholder);
  }
  if (prompt.find(placeholder, at + placeholder.size()) != std::string_view::npos) {
    return fail(ErrorCode::kInvalidArgument, "the prompt has {} more than once; keep one", placeholder);
  }
  PromptParts parts;
  parts.head = prompt.substr(0, at);
  parts.tail = prompt.substr(at + placeholder.size());
  parts.text_prefix = take_trailing_spaces(parts.head);
  parts.label_prefix = take_trailing_spaces(parts.tail);
  const bool ends_in_white_space = !parts.tail.empty() && is_white_space(parts.tail.back());
  if (parts.label_prefix.empty() && !ends_in_white_space) parts.label_prefix.assign(1, ' ');
  return parts;
}

}  // namespace zubr::engine
