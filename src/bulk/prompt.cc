#include "bulk/prompt.h"

#include <algorithm>

namespace zubr::bulk {
namespace {

constexpr std::string_view kDefaultInstruction = "Which category fits the text best? Answer with the category only.";
constexpr std::string_view kDefaultCodeInstruction = "Which category fits the text best? Answer with its code only.";

// Replaces {{labels}} and {{instruction}}; leaves {{text}} as the hole. One pass, so values are never expanded again.
Result<std::string> fill_template(std::string_view text, std::string_view instruction, std::string_view labels) {
  std::string filled;
  std::size_t holes = 0;
  while (true) {
    const std::size_t open = text.find("{{");
    filled += text.substr(0, open);
    if (open == std::string_view::npos) break;
    const std::size_t close = text.find("}}", open);
    const std::string_view name =
        close == std::string_view::npos ? text.substr(open, 20) : text.substr(open, close + 2 - open);
    if (name == inference::kTextPlaceholder) {
      filled += name;
      ++holes;
    } else if (name == "{{labels}}") {
      filled += labels;
    } else if (name == "{{instruction}}") {
      filled += instruction;
    } else {
      return fail(ErrorCode::kInvalidArgument,
                  "the prompt template has '{}'; it may use {{{{text}}}}, {{{{labels}}}} and {{{{instruction}}}}",
                  name);
    }
    text.remove_prefix(close + 2);
  }
  if (holes != 1)
    return fail(ErrorCode::kInvalidArgument,
                "the prompt template must have {{{{text}}}} exactly once, it has it {} times", holes);
  return filled;
}

}  // namespace

std::string list_labels(const ClassifyOptions& options, std::span<const std::string> codes) {
  const bool has_commas =
      std::ranges::any_of(options.labels, [](const Label& l) { return l.name.find(',') != std::string::npos; });
  const bool lines = has_commas || options.label_descriptions || !codes.empty();
  std::string list;
  for (std::size_t i = 0; i < options.labels.size(); ++i) {
    const Label& label = options.labels[i];
    if (!list.empty()) list += lines ? "\n" : ", ";
    if (!codes.empty())
      list += codes[i] + ": ";
    else if (lines)
      list += "- ";
    list += label.name;
    if (options.label_descriptions && !label.description.empty())
      list += (codes.empty() ? ": " : " - ") + label.description;
  }
  return list;
}

Result<inference::LabelTask> build_task(const ClassifyOptions& options, std::span<const std::string> codes, bool chat) {
  inference::LabelTask task;
  task.length_norm = options.length_norm;
  for (const Label& label : options.labels) task.labels.push_back(label.name);
  if (!codes.empty()) task.labels.assign(codes.begin(), codes.end());
  // A calibration shifts scores by a prior that the search does not know, so every label must be exact.
  task.exact_top = std::max(2, options.top + 1);
  task.tolerance = options.calibration == Calibration::kNone ? options.tolerance : 0;

  const std::string labels = list_labels(options, codes);
  std::string instruction = options.instruction;
  if (instruction.empty()) instruction = codes.empty() ? kDefaultInstruction : kDefaultCodeInstruction;
  if (options.prompt_template) {
    ZUBR_TRY(filled, fill_template(*options.prompt_template, instruction, labels));
    task.raw_prompt = std::move(filled);
    return task;
  }
  const bool lines = labels.find('\n') != std::string::npos;
  std::string content = instruction + "\nCategories:" + (lines ? "\n" : " ") + labels +
                        "\n\nText: " + std::string(inference::kTextPlaceholder);
  if (content.find(inference::kTextPlaceholder) != content.rfind(inference::kTextPlaceholder))
    return fail(ErrorCode::kInvalidArgument,
                "'{}' may not occur in a label or the instruction; give a --prompt-template",
                inference::kTextPlaceholder);
  if (chat) {
    task.messages.push_back({inference::Role::kUser, std::move(content)});
  } else {
    task.raw_prompt = content + "\nCategory:";
  }
  return task;
}

}  // namespace zubr::bulk
