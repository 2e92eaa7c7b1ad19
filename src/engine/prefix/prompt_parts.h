// A prompt with a hole, cut at the hole: what all rows share before it, and what follows.
//
// Spaces at a cut belong to the word after them: vocabularies have " shoe" as one token. So the spaces that the head
// ends with are given to the row's text, and those that the prompt ends with to the labels. Newlines stay where they
// are.
//
//   prompt tokens of a row = tokenize(head, special) + continuation(text_prefix + text) + continuation(tail, special)
//   label tokens           = continuation(label_prefix + label)
//
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace zubr::engine {

struct PromptParts {
  std::string head;          // evaluated once for all rows
  std::string text_prefix;   // spaces; in front of every text
  std::string tail;          // after every text
  std::string label_prefix;  // spaces; in front of every label: " " where the prompt does not end in white space
};

// Cuts at `placeholder`, which must occur exactly once (kInvalidArgument otherwise).
Result<PromptParts> split_prompt(std::string_view prompt, std::string_view placeholder);

}  // namespace zubr::engine
