// The phases that work on rows: finding duplicates, and the steps, shard by shard.
#include <algorithm>
#include <future>

#include "bulk/job/first_rows.h"
#include "bulk/job/job_work.h"
#include "bulk/job/row_condition.h"
#include "bulk/job/step.h"

namespace zubr::bulk {
namespace {

const StepSpec* dedupe_step(const JobSpec& spec) {
  const auto at = std::ranges::find_if(
      spec.steps, [](const StepSpec& step) { return std::holds_alternative<DedupeSpec>(step.what); });
  return at == spec.steps.end() ? nullptr : &*at;
}

// The first row with the same key, from the file that find_first_rows() made.
class DedupeStep final : public Step {
 public:
  DedupeStep(const StepSpec& spec, std::filesystem::path file)
      : file_(std::move(file)), drop_(std::get<DedupeSpec>(spec.what).drop), columns_{{spec.name, "BIGINT", false}} {}

  const std::vector<formats::Column>& columns() const override { return columns_; }

  Result<void> run(ShardRows& rows, const std::vector<std::uint32_t>& active, std::vector<std::vector<Value>>& values,
                   const Answered& answered, std::stop_token) override {
    ZUBR_TRY(firsts, read_first_rows(file_, rows.first_row(), std::ssize(rows.raws())));
    for (const std::uint32_t row : active) {
      values[0][row] = std::to_string(firsts[row] + 1);
      if (drop_ && firsts[row] != rows.first_row() + row) rows.drop(row);
    }
    answered(std::ssize(active));
    return {};
  }

 private:
  std::filesystem::path file_;
  bool drop_;
  std::vector<formats::Column> columns_;
};

struct PlannedStep {
  const StepSpec* spec = nullptr;
  std::unique_ptr<Step> step;
  std::unique_ptr<RowExpressions> condition = {};
  std::size_t first_column = 0;  // of the added ones
};

class StepRun {
 public:
  StepRun(JobWork& work, const StepTools& tools) : work_(work), tools_(tools) {}

  Result<void> run() {
    ZUBR_TRY(totals, work_.ledger.totals());
    totals_ = totals;
    ZUBR_CHECK(plan());
    auto done = work_on_all();
    // A stop, a full disk or a provider that fails: what is done stays.
    const auto kept = tools_.answers->flush();
    const auto committed = commit();
    if (!done) return done;
    if (!kept) return kept;
    return committed;
  }

 private:
  Result<void> plan() {
    work_.columns.added.clear();
    for (const StepSpec& spec : work_.spec.steps) {
      PlannedStep planned{.spec = &spec, .step = {}, .first_column = work_.columns.added.size()};
      auto made = make(spec);
      if (!made) return fail(made.error().context(fmt::format("step '{}'", spec.name)));
      planned.step = std::move(*made);
      if (!spec.when.empty()) {
        ZUBR_TRY(condition, RowExpressions::open(work_.columns, tools_.spill));
        ZUBR_TRY(type, condition.type_of(spec.when));
        if (type != "BOOLEAN")
          return fail(ErrorCode::kInvalidArgument, "step '{}': 'when' must be true or false, and '{}' is {}", spec.name,
                      spec.when, type);
        planned.condition = std::make_unique<RowExpressions>(std::move(condition));
      }
      for (const formats::Column& column : planned.step->columns()) {
        if (work_.columns.find(column.name) || column.name == "error" || column.name == "row_number")
          return fail(ErrorCode::kAlreadyExists,
                      "step '{}' makes a column '{}', and there is one already; name the step otherwise", spec.name,
                      column.name);
        work_.columns.added.push_back(column);
      }
      steps_.push_back(std::move(planned));
    }
    BlockWriter added;
    for (const auto& column : work_.columns.added) {
      added.add(column.name);
      added.add(column.type);
    }
    return work_.ledger.set_fact("added", added.take());
  }

  Result<std::unique_ptr<Step>> make(const StepSpec& spec) {
    if (std::holds_alternative<TransformSpec>(spec.what)) return make_transform(spec, work_.columns, tools_);
    if (std::holds_alternative<ClassifySpec>(spec.what))
      return make_classify(spec, work_.columns, tools_, work_.stop_token());
    if (std::holds_alternative<EmbedSpec>(spec.what))
      return make_embed(spec, work_.columns, tools_, work_.stop_token());
    if (!std::holds_alternative<DedupeSpec>(spec.what))
      return make_generate(spec, work_.columns, tools_, work_.stop_token());
    return std::make_unique<DedupeStep>(spec, work_.path("firsts"));
  }

  // While one shard is worked on, the next is read.
  Result<void> work_on_all() {
    ZUBR_TRY(shard, work_.ledger.next_open(0));
    std::future<Result<ShardRows>> reading = start_reading(shard);
    while (shard) {
      if (work_.stop_token().stop_requested()) return work_.stopped();
      ZUBR_TRY(rows, reading.get());
      ZUBR_TRY(following, work_.ledger.next_open(shard->number + 1));
      reading = start_reading(following);
      ZUBR_CHECK(work_on(*shard, rows));
      shard = std::move(following);
    }
    return {};
  }

  std::future<Result<ShardRows>> start_reading(const std::optional<jobs::Shard>& shard) {
    if (!shard) return {};
    return std::async(std::launch::async, [this, wanted = *shard] { return work_.read_input(wanted); });
  }

  Result<void> work_on(jobs::Shard shard, ShardRows& rows) {
    const auto began = work_.clock.now();
    tools_.answers->begin_shard();
    rows.added().assign(work_.columns.added.size(), std::vector<Value>(rows.size()));
    std::int64_t answered = 0;
    for (const PlannedStep& planned : steps_) ZUBR_CHECK(run_step(planned, rows, answered));
    shard.failed = rows.failed_rows();
    shard.seconds = std::chrono::duration<double>(work_.clock.now() - began).count();
    const std::string block = rows.encode_result();
    ZUBR_TRY(at, work_.results.append(block));
    shard.result = jobs::Extent{at, block.size()};
    finished_.push_back(shard);
    totals_.done_rows += shard.rows;
    totals_.failed_rows += shard.failed;
    ZUBR_CHECK(work_.tell(JobPhase::kWorking, totals_.done_rows, totals_.rows, totals_.failed_rows));
    ZUBR_CHECK(tools_.answers->end_shard());
    return work_.time_to_commit() ? commit() : Result<void>();
  }

  Result<void> run_step(const PlannedStep& planned, ShardRows& rows, std::int64_t& answered) {
    std::vector<std::uint32_t> active;
    active.reserve(rows.size());
    for (std::size_t row = 0; row < rows.size(); ++row)
      if (rows.error(row).empty() && !rows.dropped(row)) active.push_back(static_cast<std::uint32_t>(row));
    const std::size_t failed_before = static_cast<std::size_t>(rows.failed_rows());
    if (planned.condition) {
      ZUBR_TRY(chosen, planned.condition->select(rows, active, planned.spec->when, work_.stop_token()));
      active = std::move(chosen);
    }
    const std::size_t columns = planned.step->columns().size();
    std::vector<std::vector<Value>> values(columns);
    for (std::size_t i = 0; i < columns; ++i) values[i] = std::move(rows.added()[planned.first_column + i]);
    const auto count = [&](std::int64_t more) {
      answered += more;
      // Steps count their own rows; a shard's progress is their mean.
      const std::int64_t part = answered / static_cast<std::int64_t>(steps_.size());
      (void)work_.tell(JobPhase::kWorking, totals_.done_rows + part, totals_.rows, totals_.failed_rows);
    };
    ZUBR_CHECK(planned.step->run(rows, active, values, count, work_.stop_token()));
    for (std::size_t i = 0; i < columns; ++i) rows.added()[planned.first_column + i] = std::move(values[i]);
    if (planned.spec->on_error == OnError::kFail) return check_none_failed(*planned.spec, rows, failed_before);
    return {};
  }

  static Result<void> check_none_failed(const StepSpec& spec, const ShardRows& rows, std::size_t before) {
    if (static_cast<std::size_t>(rows.failed_rows()) == before) return {};
    for (std::size_t row = 0; row < rows.size(); ++row) {
      if (rows.error(row).empty()) continue;
      return fail(ErrorCode::kInvalidArgument, "step '{}' failed for row {}, and its on_error is fail: {}", spec.name,
                  rows.first_row() + static_cast<std::int64_t>(row) + 1, rows.error(row));
    }
    return {};
  }

  Result<void> commit() {
    if (finished_.empty()) return {};
    ZUBR_CHECK(work_.results.sync());
    ZUBR_TRY(transaction, work_.ledger.begin());
    for (const jobs::Shard& shard : finished_) ZUBR_CHECK(work_.ledger.finish_shard(shard));
    ZUBR_CHECK(transaction.commit());
    finished_.clear();
    return {};
  }

  JobWork& work_;
  const StepTools& tools_;
  jobs::Totals totals_;
  std::vector<PlannedStep> steps_;
  std::vector<jobs::Shard> finished_;  // and not written down yet
};

}  // namespace

Result<void> find_first_rows(JobWork& work) {
  const StepSpec* step = dedupe_step(work.spec);
  ZUBR_TRY(done, work.ledger.fact("deduplicated"));
  if (step == nullptr || !done.empty()) return {};
  const DedupeSpec& spec = std::get<DedupeSpec>(step->what);
  std::vector<std::size_t> columns;
  for (const std::string& name : spec.by) {
    ZUBR_TRY(column, work.columns.find(name));
    columns.push_back(column);
  }
  ZUBR_TRY(totals, work.ledger.totals());
  ZUBR_TRY(finder, FirstRowFinder::create(work.path("dedupe"), totals.rows));
  ZUBR_TRY(shards, work.ledger.shards());
  std::string key, scratch;
  for (const jobs::Shard& shard : shards) {
    ZUBR_TRY(rows, work.read_input(shard));
    for (std::size_t row = 0; row < rows.size(); ++row) {
      if (!rows.error(row).empty()) continue;
      key.clear();
      for (const std::size_t column : columns) {
        const auto value = rows.value(row, column, scratch);
        // The length first, so that ("a", "b") is not ("ab", "").
        const std::string normal = value && spec.normalise ? normalised(*value) : std::string();
        const std::string_view text = !value ? std::string_view() : spec.normalise ? normal : *value;
        key += value ? std::to_string(text.size()) + ":" : std::string("-");
        key += text;
      }
      ZUBR_CHECK(finder->add(shard.first_row + static_cast<std::int64_t>(row), key));
    }
    ZUBR_CHECK(work.tell(JobPhase::kDeduplicating, shard.first_row + shard.rows, totals.rows));
    if (work.stop_token().stop_requested()) return work.stopped();
  }
  ZUBR_TRY(repeated, finder->finish(work.path("firsts"), totals.rows, work.stop_token()));
  return work.ledger.set_fact("deduplicated", std::to_string(repeated));
}

Result<void> run_steps(JobWork& work, const StepTools& tools) {
  ZUBR_TRY(open, work.ledger.next_open(0));
  ZUBR_TRY(added, work.ledger.fact("added"));
  if (!open && !added.empty()) return recall_columns(work);
  return StepRun(work, tools).run();
}

Result<void> recall_columns(JobWork& work) {
  ZUBR_TRY(added, work.ledger.fact("added"));
  if (added.empty()) return fail(ErrorCode::kUnavailable, "the job {} has no results yet", work.folder.id);
  ZUBR_TRY(block, BlockReader::open(added));
  work.columns.added.clear();
  while (!block.at_end()) {
    ZUBR_TRY(name, block.next());
    ZUBR_TRY(type, block.next());
    work.columns.added.push_back({std::string(name.value_or("")), std::string(type.value_or("")), type == "VARCHAR"});
  }
  return {};
}

}  // namespace zubr::bulk
