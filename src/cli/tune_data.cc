#include "cli/tune_data.h"

#include "bulk/labels.h"
#include "bulk/prompt.h"
#include "cli/command_line.h"

namespace zubr::cli {

void TuneDataArguments::declare(CLI::App& command) {
  command.add_option("--prompt", prompt, "the column with what is asked")->type_name(kColumnType)->group("Data");
  command.add_option("--completion", completion, "the column with the answer")->type_name(kColumnType)->group("Data");
  command
      .add_option("--labels", labels,
                  "the data is a table of texts with labels, as `zubr classify` writes; the labels as there")
      ->type_name("FILE|A,B,C")
      ->group("Data");
  command.add_option("--text", text, "the column with the text; text where it is not named")
      ->type_name(kColumnType)
      ->group("Data");
  command.add_option("--label", label, "the column with the label; label where it is not named")
      ->type_name(kColumnType)
      ->group("Data");
  command.add_option("--corrected", corrected, "a column whose label wins where there is one: corrections by people")
      ->type_name(kColumnType)
      ->group("Data");
  command.add_option("--instruction", instruction, "with --labels: what stands before them, as for `zubr classify`")
      ->type_name(kTextType)
      ->group("Data");
}

Result<train::DialogueOptions> TuneDataArguments::options(bool chat) const {
  train::DialogueOptions options;
  options.prompt_column = prompt;
  options.completion_column = completion;
  if (labels.empty()) {
    if (!text.empty() || !label.empty() || !corrected.empty() || !instruction.empty())
      return fail(
          ErrorCode::kInvalidArgument,
          "--text, --label, --corrected and --instruction are for tables with labels; name those with --labels");
    return options;
  }
  ZUBR_TRY(known, bulk::read_labels(labels));
  bulk::ClassifyOptions classify;
  classify.labels = std::move(known);
  classify.instruction = instruction;
  ZUBR_TRY(task, bulk::build_task(classify, {}, chat));
  options.label_prompt = chat ? task.messages.front().content : *task.raw_prompt;
  options.label_prefix = chat ? "" : " ";
  options.labels = task.labels;
  options.text_column = text;
  options.label_column = label;
  options.corrected_column = corrected;
  return options;
}

}  // namespace zubr::cli
