// zubr eval
#include <fmt/format.h>

#include <ostream>

#include "bulk/prompt.h"
#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/json_text.h"
#include "cli/table_text.h"
#include "cli/tune_data.h"
#include "cli/tune_text.h"
#include "core/display.h"
#include "core/temp_dir.h"
#include "train/eval/evaluate.h"

namespace zubr::cli {
namespace {

struct EvalArguments {
  std::string model, data, against;
  TuneDataArguments columns;
  bool json = false, no_answers = false, confusion = false;
};

struct Evaluated {
  std::string model;
  std::optional<train::LabelEvaluation> labels;
  std::optional<train::AnswerEvaluation> answers;
};

// The text of a labelled row is what stands in the hole of its prompt.
std::vector<train::LabelledText> texts_of(const train::DialogueFile& data, const train::DialogueOptions& options) {
  const std::size_t hole = options.label_prompt.find(inference::kTextPlaceholder);
  const std::size_t fixed = options.label_prompt.size() - inference::kTextPlaceholder.size();
  std::vector<train::LabelledText> texts;
  for (const train::Dialogue& dialogue : data.dialogues) {
    const std::string& prompt = dialogue.messages.front().content;
    texts.push_back({dialogue.row, prompt.substr(hole, prompt.size() - fixed),
                     dialogue.messages.back().content.substr(options.label_prefix.size())});
  }
  return texts;
}

Result<Evaluated> evaluate(const EvalArguments& arguments, const std::string& name, Session& session) {
  ZUBR_TRY(model, session.find_model(name));
  ZUBR_TRY(backend, session.open_model(model, 1));
  const bool chat = backend->info().has_chat_template;
  ZUBR_TRY(options, arguments.columns.options(chat));
  const core::TempDir scratch;
  const auto stop = session.interrupt.token();
  ZUBR_TRY(data, train::read_dialogues(arguments.data, options, scratch.path(), stop));
  Evaluated evaluated;
  evaluated.model = model.name;
  const auto meter = session.progress_meter();
  meter->start(message("evaluating"), message("rows"));
  const auto progress = [&](std::int64_t done, std::int64_t total) { meter->update(done, total); };
  if (data.form == train::RecordForm::kLabelled) {
    inference::LabelTask task;
    task.labels = options.labels;
    if (chat) {
      task.messages.push_back({inference::Role::kUser, options.label_prompt});
    } else {
      task.raw_prompt = options.label_prompt;
    }
    auto result = train::evaluate_labels(*backend, task, texts_of(data, options), progress, stop);
    if (!result) {
      meter->cancel();
      return fail(std::move(result).error());
    }
    evaluated.labels = std::move(*result);
    evaluated.labels->bad.insert(evaluated.labels->bad.end(), data.bad.begin(), data.bad.end());
  } else {
    auto result = train::evaluate_answers(*backend, model.file, static_cast<int>(session.settings.integer("threads")),
                                          data.dialogues, !arguments.no_answers, progress, stop);
    if (!result) {
      meter->cancel();
      return fail(std::move(result).error());
    }
    evaluated.answers = std::move(*result);
    evaluated.answers->bad.insert(evaluated.answers->bad.end(), data.bad.begin(), data.bad.end());
  }
  meter->finish();
  const auto& bad = evaluated.labels ? evaluated.labels->bad : evaluated.answers->bad;
  if (!bad.empty())
    session.console.err << message("{} records cannot be used:", bad.size()) << "\n" << bad_rows_text(bad);
  return evaluated;
}

Json interval_json(const train::Interval& interval) { return Json::array({interval.low, interval.high}); }

Json labels_json(const train::LabelMetrics& m) {
  std::vector<Json> classes, confusion, bins;
  for (std::size_t i = 0; i < m.classes.size(); ++i) {
    const auto& c = m.classes[i];
    classes.push_back(Json::object({{"label", c.label},
                                    {"rows", c.gold},
                                    {"said", c.said},
                                    {"precision", c.precision()},
                                    {"recall", c.recall()},
                                    {"f1", c.f1()}}));
    std::vector<Json> row;
    for (std::size_t j = 0; j < m.classes.size(); ++j) row.emplace_back(m.confusion[i][j]);
    confusion.push_back(Json::array(std::move(row)));
  }
  for (const auto& bin : m.calibration)
    bins.push_back(Json::object({{"rows", bin.rows}, {"probability", bin.probability}, {"accuracy", bin.accuracy}}));
  return Json::object({{"rows", m.rows},
                       {"accuracy", m.accuracy},
                       {"accuracy_95", interval_json(m.accuracy_interval)},
                       {"macro_f1", m.macro_f1},
                       {"macro_f1_95", interval_json(m.macro_f1_interval)},
                       {"calibration_error", m.calibration_error},
                       {"calibration", Json::array(std::move(bins))},
                       {"classes", Json::array(std::move(classes))},
                       {"confusion", Json::array(std::move(confusion))}});
}

Json evaluated_json(const Evaluated& e) {
  if (e.labels)
    return Json::object(
        {{"model", e.model}, {"labels", labels_json(e.labels->metrics)}, {"unusable", std::ssize(e.labels->bad)}});
  const train::AnswerEvaluation& a = *e.answers;
  return Json::object({{"model", e.model},
                       {"answers", a.answers},
                       {"exact_match", a.exact_share()},
                       {"exact_match_95", interval_json(a.exact_interval)},
                       {"answer_tokens", a.tokens},
                       {"perplexity", a.perplexity()},
                       {"unusable", std::ssize(a.bad)}});
}

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }
std::string percent(double share, const train::Interval& i) {
  return fmt::format("{:.1f} % ({:.1f}–{:.1f})", 100 * share, 100 * i.low, 100 * i.high);
}

// Models beside each other: one column each.
std::string side_by_side(const std::vector<Evaluated>& all, bool answers) {
  std::vector<std::string> head = {""};
  for (const Evaluated& e : all) head.push_back(e.model);
  TableText table(std::move(head));
  const auto row = [&](const std::string& name, const auto& cell) {
    std::vector<std::string> cells = {name};
    for (const Evaluated& e : all) cells.push_back(cell(e));
    table.add_row(std::move(cells));
  };
  if (all.front().labels) {
    row(message("rows"), [](const Evaluated& e) { return core::display_count(e.labels->metrics.rows); });
    row(message("accuracy"),
        [](const Evaluated& e) { return percent(e.labels->metrics.accuracy, e.labels->metrics.accuracy_interval); });
    row(message("macro-F1"),
        [](const Evaluated& e) { return percent(e.labels->metrics.macro_f1, e.labels->metrics.macro_f1_interval); });
    row(message("calibration error"), [](const Evaluated& e) { return percent(e.labels->metrics.calibration_error); });
    const auto& classes = all.front().labels->metrics.classes;
    for (std::size_t i = 0; i < classes.size(); ++i)
      row("F1 " + classes[i].label, [i](const Evaluated& e) {
        const auto& c = e.labels->metrics.classes[i];
        return c.gold + c.said > 0 ? percent(c.f1()) : std::string("–");
      });
    return table.text();
  }
  row(message("answers"), [](const Evaluated& e) { return core::display_count(e.answers->answers); });
  if (answers)
    row(message("exact match"),
        [](const Evaluated& e) { return percent(e.answers->exact_share(), e.answers->exact_interval); });
  row(message("perplexity"), [](const Evaluated& e) { return fmt::format("{:.3f}", e.answers->perplexity()); });
  return table.text();
}

std::string confusion_text(const train::LabelMetrics& m) {
  std::vector<std::string> head = {message("right \\ said")};
  for (const auto& c : m.classes) head.push_back(c.label);
  TableText table(std::move(head));
  for (std::size_t i = 0; i < m.classes.size(); ++i) {
    std::vector<std::string> cells = {m.classes[i].label};
    for (std::size_t j = 0; j < m.classes.size(); ++j) cells.push_back(std::to_string(m.confusion[i][j]));
    table.add_row(std::move(cells));
  }
  return table.text();
}

Result<int> run_eval(const EvalArguments& arguments, Session& session) {
  std::vector<Evaluated> all;
  if (!arguments.against.empty()) {
    ZUBR_TRY(before, evaluate(arguments, arguments.against, session));
    all.push_back(std::move(before));
  }
  ZUBR_TRY(own, evaluate(arguments, arguments.model, session));
  all.push_back(std::move(own));
  if (all.front().labels.has_value() != all.back().labels.has_value())
    return fail(ErrorCode::kInternal, "the two models were asked in different ways");
  if (arguments.json) {
    std::vector<Json> models;
    for (const Evaluated& e : all) models.push_back(evaluated_json(e));
    session.console.out << json_text(
        Json::object({{"data", arguments.data}, {"models", Json::array(std::move(models))}}));
    return kExitOk;
  }
  session.console.out << side_by_side(all, !arguments.no_answers);
  if (arguments.confusion)
    for (const Evaluated& e : all)
      if (e.labels) session.console.out << "\n" << e.model << "\n" << confusion_text(e.labels->metrics);
  return kExitOk;
}

}  // namespace

void add_eval(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(root, "eval", "Measure a model on data whose answers are known", "Training",
                                       "  zubr eval keywords test.csv --labels categories.txt --against built-in\n"
                                       "  zubr eval bielik-support held-out.jsonl --json\n"
                                       "Tables with labels: accuracy, macro-F1, per label, confusion, calibration. "
                                       "Other forms: the answer word for word\n"
                                       "and perplexity. Ranges are 95 % intervals by resampling.\n");
  const auto a = std::make_shared<EvalArguments>();
  command->add_option("MODEL", a->model, "the model to measure")->required()->type_name(kModelType);
  command->add_option("DATA", a->data, "with the right answers")->required()->type_name(kFileType);
  command->add_option("--against", a->against, "a model to set beside it, such as the one it was tuned from")
      ->type_name(kModelType);
  a->columns.declare(*command);
  command->add_flag("--no-answers", a->no_answers, "only perplexity: nothing is generated, which is far quicker");
  command->add_flag("--confusion", a->confusion, "which labels were taken for which");
  command->add_flag("--json", a->json, "as JSON");
  for (const char* name : {"threads", "context", "progress"}) line.add_setting(*command, name);
  command->callback([&line, a] { line.action = [a](Session& session) { return run_eval(*a, session); }; });
}

}  // namespace zubr::cli
