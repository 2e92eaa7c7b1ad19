// What a model is asked: instruction, label set and text become one LabelTask with a hole for the row's text.
//
// Everything before the hole is shared by all rows, so as much as possible stands before it and as little as possible
// after it.
#pragma once

#include <span>
#include <string>

#include "bulk/classify.h"
#include "core/result.h"
#include "inference/labels.h"

namespace zubr::bulk {

// `codes`: one per label in LabelMode::kCode, else empty. `chat`: the model has a chat template; without one the same
// text is a raw prompt that ends in "Category:".
// kInvalidArgument when a template has no {{text}}, or several, or when an unknown {{name}} stands in it.
Result<inference::LabelTask> build_task(const ClassifyOptions& options, std::span<const std::string> codes, bool chat);

// The label list as it stands in the prompt.
std::string list_labels(const ClassifyOptions& options, std::span<const std::string> codes);

}  // namespace zubr::bulk
