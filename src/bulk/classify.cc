#include "bulk/classify.h"

#include <fmt/format.h>

#include <algorithm>

#include "bulk/evaluation.h"
#include "bulk/prompt.h"
#include "bulk/table_job.h"

namespace zubr::bulk {
namespace {

using Clock = std::chrono::steady_clock;
using formats::Cell;
using formats::CellType;

std::string json_string(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      quoted += fmt::format("\\u{:04x}", static_cast<int>(c));
    else
      quoted += c;
  }
  return quoted + '"';
}

class ClassifyJob {
 public:
  ClassifyJob(const ClassifyOptions& options, inference::Backend& backend, const ProgressFn& progress)
      : options_(options), backend_(backend), progress_(progress) {}

  Result<ClassifyReport> run(std::stop_token stop) {
    const auto started = Clock::now();
    ZUBR_CHECK(check());
    ZUBR_CHECK(open_scorer(stop));
    ZUBR_TRY(spool, read_table(options_.input, options_.output, progress_, stop));
    ZUBR_TRY(column, choose_text_column(*spool, options_.text_column));
    ZUBR_CHECK(spool->declare_results(result_columns()));
    progress_({Progress::Stage::kCounting, 0, spool->row_count()});
    ZUBR_TRY(distinct, spool->index_texts(column));
    report_.rows = spool->row_count();
    report_.distinct_texts = distinct;
    report_.error_rows = spool->bad_row_count();

    const auto evaluating = Clock::now();
    if (auto done = evaluate(*spool, stop); !done) {
      if (done.error().code() != ErrorCode::kCancelled) return fail(std::move(done).error());
      report_.interrupted = true;
    }
    report_.evaluating = Clock::now() - evaluating;
    ZUBR_TRY(written, write_table(*spool, options_.output, report_.interrupted, progress_));
    report_.written = written.rows;
    report_.output = written.path;
    report_.total = Clock::now() - started;
    return report_;
  }

 private:
  Result<void> check() const {
    if (options_.labels.empty())
      return fail(ErrorCode::kInvalidArgument, "there are no labels; give --labels FILE or --labels a,b,c");
    if (options_.top < 1 || options_.top > std::ssize(options_.labels))
      return fail(ErrorCode::kInvalidArgument, "--top is {}; it must be from 1 to the number of labels, {}",
                  options_.top, options_.labels.size());
    if (!(options_.threshold > 0 && options_.threshold <= 1))
      return fail(ErrorCode::kInvalidArgument, "--threshold is {}; it must be above 0 and at most 1",
                  options_.threshold);
    if (!(options_.tolerance >= 0 && options_.tolerance < 1))
      return fail(ErrorCode::kInvalidArgument, "--tolerance is {}; it must be from 0 to below 1", options_.tolerance);
    return check_paths(options_.input, options_.output);
  }

  Result<void> open_scorer(std::stop_token stop) {
    std::vector<std::string> codes;
    if (options_.label_mode == LabelMode::kCode) {
      ZUBR_TRY(one_token, backend_.label_codes(options_.labels.size()));
      codes = std::move(one_token);
    }
    ZUBR_TRY(task, build_task(options_, codes, backend_.info().has_chat_template));
    // With several labels a row, all that can reach the threshold are to be exact.
    if (options_.multi) task.exact_top = std::max(task.exact_top, static_cast<int>(1.0 / options_.threshold) + 1);
    ZUBR_TRY(scorer, backend_.open_labels(task, stop));
    scorer_ = std::move(scorer);
    return {};
  }

  std::vector<formats::ResultColumn> result_columns() const {
    std::vector<formats::ResultColumn> columns{
        {"label", CellType::kText}, {"probability", CellType::kNumber}, {"margin", CellType::kNumber}};
    if (options_.top > 1) columns.push_back({"top", CellType::kJson});
    return columns;
  }

  Result<void> evaluate(formats::Spool& spool, std::stop_token stop) {
    Evaluation evaluation(*scorer_, options_.length_norm, options_.calibration);
    ZUBR_CHECK(evaluation.calibrate(stop));
    std::int64_t done = 0;
    const auto advance = [&](std::int64_t texts) {
      progress_({Progress::Stage::kEvaluating, done += texts, report_.distinct_texts});
    };
    const auto deliver = [&](const Outcome& outcome) { return commit(spool, outcome); };
    Result<void> result;
    while (result) {
      ZUBR_TRY(window, spool.next_texts(evaluation.window_size()));
      if (window.empty()) break;
      result = evaluation.run(std::move(window), deliver, advance, stop);
    }
    report_.tokens = scorer_->stats();
    report_.tokens.row_by_row_tokens = evaluation.row_by_row_tokens();
    return result;
  }

  Result<void> commit(formats::Spool& spool, const Outcome& outcome) {
    if (const auto* error = std::get_if<Error>(&outcome.result)) {
      report_.error_rows += outcome.text.count;
      return spool.put_error(outcome.text.row, error->message());
    }
    return spool.put(outcome.text.row, cells(std::get<Decision>(outcome.result)));
  }

  std::vector<Cell> cells(const Decision& decision) const {
    std::vector<Cell> row{label_cell(decision), decision.ranked.front().probability, decision.margin};
    if (options_.top > 1) row.emplace_back(top_json(decision));
    return row;
  }

  std::string label_cell(const Decision& decision) const {
    if (!options_.multi) return options_.labels[decision.ranked.front().label].name;
    std::string names;
    for (const auto& ranked : decision.ranked) {
      if (ranked.probability < options_.threshold) break;
      names += (names.empty() ? "" : "; ") + options_.labels[ranked.label].name;
    }
    return names;
  }

  std::string top_json(const Decision& decision) const {
    std::string json = "[";
    for (int i = 0; i < options_.top; ++i) {
      const auto& ranked = decision.ranked[i];
      json += fmt::format("{}{{\"label\":{},\"probability\":{:.6g}}}", i ? "," : "",
                          json_string(options_.labels[ranked.label].name), ranked.probability);
    }
    return json + "]";
  }

  const ClassifyOptions& options_;
  inference::Backend& backend_;
  const ProgressFn& progress_;
  std::unique_ptr<inference::LabelScorer> scorer_;
  ClassifyReport report_;
};

}  // namespace

Result<ClassifyReport> classify(const ClassifyOptions& options, inference::Backend& backend, const ProgressFn& progress,
                                std::stop_token stop) {
  return ClassifyJob(options, backend, progress).run(std::move(stop));
}

}  // namespace zubr::bulk
