// zubr classify
#include <ostream>

#include "bulk/classify.h"
#include "bulk/table_job.h"
#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/report.h"
#include "cli/table_arguments.h"
#include "core/text_file.h"

namespace zubr::cli {
namespace {

constexpr std::size_t kMaxPromptBytes = 1 << 20;

struct ClassifyArguments {
  TableArguments table;
  std::string labels;
  std::string instruction;
  std::string template_file;
  bool label_descriptions = false;
  bool multi = false;
};

Result<bulk::ClassifyOptions> classify_options(const ClassifyArguments& arguments, const core::Settings& settings) {
  bulk::ClassifyOptions options;
  ZUBR_TRY(input, arguments.table.input_spec());
  ZUBR_TRY(output, arguments.table.output_spec());
  options.input = input;
  options.output = output;
  options.text_column = arguments.table.text_column;
  ZUBR_TRY(labels, bulk::read_labels(arguments.labels));
  options.labels = std::move(labels);
  options.instruction = arguments.instruction;
  if (!arguments.template_file.empty()) {
    ZUBR_TRY(text, core::read_text_file(arguments.template_file, kMaxPromptBytes));
    options.prompt_template = std::move(text);
  }
  options.label_descriptions = arguments.label_descriptions;
  options.label_mode = settings.text("classify.label_mode") == "code" ? bulk::LabelMode::kCode : bulk::LabelMode::kText;
  options.length_norm =
      settings.text("classify.length_norm") == "tokens" ? inference::LengthNorm::kTokens : inference::LengthNorm::kNone;
  const std::string& calibrate = settings.text("classify.calibrate");
  options.calibration = calibrate == "batch"          ? bulk::Calibration::kBatch
                        : calibrate == "content-free" ? bulk::Calibration::kContentFree
                                                      : bulk::Calibration::kNone;
  options.multi = arguments.multi;
  options.threshold = settings.number("classify.threshold");
  options.tolerance = settings.number("classify.tolerance");
  options.top = static_cast<int>(settings.integer("classify.top"));
  return options;
}

Result<int> classify(const ClassifyArguments& arguments, Session& session) {
  // Everything that needs no model first: a wrong label must not cost the loading of 10 GB.
  ZUBR_TRY(options, classify_options(arguments, session.settings));
  ZUBR_CHECK(bulk::check_paths(options.input, options.output));
  ZUBR_TRY(model, session.find_model({}));
  ZUBR_TRY(backend, session.open_model(model, 1));
  const auto meter = session.progress_meter();
  auto report = bulk::classify(options, *backend, show_stages(*meter), session.interrupt.token());
  if (!report) {
    meter->cancel();
    return fail(std::move(report).error());
  }
  meter->finish();
  session.console.err << classify_summary(*report) << "\n";
  if (report->interrupted)
    session.console.err << stopped_line(report->written, report->rows, report->output, options.output.path) << "\n";
  if (!arguments.table.report_file.empty())
    ZUBR_CHECK(core::write_text_file(arguments.table.report_file, classify_report_json(*report, model.name)));
  return report->interrupted ? kExitCancelled : kExitOk;
}

}  // namespace

void add_classify(CLI::App& root, CommandLine& line) {
  CLI::App* command =
      line.add_command(root, "classify", "Give every row of a table the label that fits its text best", "Tables",
                       "  zubr classify keywords.csv --labels shoes,phones,books -o sorted.csv\n"
                       "  zubr classify mails.parquet --labels labels.txt --text body --top 3 -o out.parquet\n"
                       "  cat notes.jsonl | zubr classify - --labels urgent,later -o - > sorted.jsonl\n"
                       "The output has all input columns in input order, and: label, probability, margin, error.\n");
  const auto arguments = std::make_shared<ClassifyArguments>();
  arguments->table.declare(*command);
  command
      ->add_option("--labels", arguments->labels,
                   "the labels, separated by commas, or a file: one a line, or .csv/.json with label and description")
      ->required()
      ->type_name("FILE|A,B,C");
  command->add_option("--instruction", arguments->instruction, "what the model is told before the labels and the text")
      ->type_name(kTextType)
      ->group("Prompt");
  command
      ->add_option("--prompt-template", arguments->template_file,
                   "the whole prompt, with {{text}} and, if wanted, {{labels}} and {{instruction}}")
      ->type_name(kFileType)
      ->group("Prompt");
  command
      ->add_flag("--label-descriptions", arguments->label_descriptions,
                 "show the model the descriptions that the labels file gives")
      ->group("Prompt");
  command->add_flag("--multi", arguments->multi, "give all labels with at least the probability --threshold");
  for (const char* name : {"model", "classify.top", "classify.threshold", "classify.tolerance", "classify.label_mode",
                           "classify.length_norm", "classify.calibrate", "threads", "context", "compute", "progress"})
    line.add_setting(*command, name);
  command->callback(
      [&line, arguments] { line.action = [arguments](Session& session) { return classify(*arguments, session); }; });
}

}  // namespace zubr::cli
