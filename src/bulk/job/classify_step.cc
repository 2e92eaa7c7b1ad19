#include <algorithm>

#include "bulk/calibration.h"
#include "bulk/decision.h"
#include "bulk/job/patience.h"
#include "bulk/job/questions.h"
#include "bulk/job/step.h"
#include "bulk/plan/batches.h"
#include "bulk/prompt.h"
#include "formats/json_text.h"
#include "formats/row_writer.h"

namespace zubr::bulk {
namespace {

// So many questions are tokenised, planned and evaluated together: enough for batches of like length.
constexpr std::size_t kWindow = 4096;

std::string number_text(double value) {
  std::string text;
  formats::append_number(text, value);
  return text;
}

// One model with the label set open.
struct Tier {
  OpenedModel model;
  std::unique_ptr<inference::LabelScorer> scorer;
  std::unique_ptr<DecisionRule> rule;
};

class ClassifyStep final : public Step {
 public:
  ClassifyStep(const StepSpec& spec, std::size_t text_column, Answers* answers)
      : spec_(std::get<ClassifySpec>(spec.what)), text_column_(text_column), answers_(answers) {
    columns_ = {{spec.name, "VARCHAR", true},
                {spec.name + "_probability", "DOUBLE", false},
                {spec.name + "_margin", "DOUBLE", false}};
    if (spec_.options.top > 1) columns_.push_back({spec.name + "_top", "JSON", false});
    if (spec_.escalate) columns_.push_back({spec.name + "_model", "VARCHAR", true});
  }

  Result<void> open(const StepSpec& spec, const StepTools& tools, std::stop_token stop) {
    ZUBR_CHECK(add_tier(spec.model, tools, stop));
    if (spec_.escalate) ZUBR_CHECK(add_tier(spec_.escalate->model, tools, stop));
    return {};
  }

  const std::vector<formats::Column>& columns() const override { return columns_; }

  Result<void> run(ShardRows& rows, const std::vector<std::uint32_t>& active, std::vector<std::vector<Value>>& values,
                   const Answered& answered, std::stop_token stop) override {
    QuestionDesk desk(*answers_, fingerprint_, rows, values, answered);
    std::string scratch;
    ZUBR_TRY(open, desk.open_questions(active, [&](std::size_t row) -> Result<std::string> {
      const auto text = rows.value(row, text_column_, scratch);
      if (!text || text->empty()) return fail(ErrorCode::kInvalidArgument, "the text is empty");
      return std::string(*text);
    }));
    for (std::size_t from = 0; from < open.size(); from += kWindow) {
      const std::size_t count = std::min(kWindow, open.size() - from);
      ZUBR_CHECK(ask(std::span(open).subspan(from, count), 0, desk, stop));
    }
    return {};
  }

 private:
  Result<void> add_tier(const std::string& name, const StepTools& tools, std::stop_token stop) {
    Tier tier;
    ZUBR_TRY(model, tools.open_model(name, tools.concurrency, stop));
    tier.model = std::move(model);
    inference::Backend& backend = *tier.model.backend;
    const ClassifyOptions& options = spec_.options;
    std::vector<std::string> codes;
    if (options.label_mode == LabelMode::kCode) {
      ZUBR_TRY(one_token, backend.label_codes(options.labels.size()));
      codes = std::move(one_token);
    }
    ZUBR_TRY(task, build_task(options, codes, backend.info().has_chat_template));
    if (options.multi) task.exact_top = std::max(task.exact_top, static_cast<int>(1.0 / options.threshold) + 1);
    ZUBR_TRY(scorer, backend.open_labels(task, stop));
    tier.scorer = std::move(scorer);
    tier.rule = std::make_unique<DecisionRule>(options.length_norm, tier.scorer->label_tokens());
    if (options.calibration == Calibration::kContentFree) {
      ZUBR_TRY(prior, content_free_prior(*tier.scorer, *tier.rule, stop));
      tier.rule = std::make_unique<DecisionRule>(options.length_norm, tier.scorer->label_tokens(), std::move(prior));
    }
    add_to_fingerprint(task, tier.model.digest);
    tiers_.push_back(std::move(tier));
    return {};
  }

  void add_to_fingerprint(const inference::LabelTask& task, const std::string& digest) {
    const ClassifyOptions& options = spec_.options;
    BlockWriter print;
    print.add(fingerprint_);
    print.add(fmt::format("classify 1 {} {} {} {} {} {} {} {} {} {}", static_cast<int>(options.label_mode),
                          static_cast<int>(options.length_norm), static_cast<int>(options.calibration),
                          options.tolerance, options.multi, options.threshold, options.top, task.exact_top,
                          task.tolerance, spec_.escalate ? spec_.escalate->below : -1));
    print.add(digest);
    print.add(task.raw_prompt ? std::optional<std::string_view>(*task.raw_prompt) : std::nullopt);
    for (const auto& message : task.messages) print.add(message.content);
    for (const Label& label : options.labels) print.add(label.name);
    fingerprint_ = print.take();
  }

  // Puts the questions to a tier; those of which it is not sure go on to the next.
  Result<void> ask(std::span<Question> questions, std::size_t tier_number, QuestionDesk& desk, std::stop_token stop) {
    Tier& tier = tiers_[tier_number];
    std::vector<inference::PreparedText> prepared;
    std::vector<std::uint32_t> question_of;
    std::vector<std::int64_t> tokens;
    for (std::size_t i = 0; i < questions.size(); ++i) {
      auto row = tier.scorer->prepare(questions[i].text);
      if (!row) {
        if (!is_of_the_row(row.error().code())) return fail(std::move(row).error());
        desk.refuse(questions[i], row.error());
        continue;
      }
      tokens.push_back(std::ssize(row->tokens));
      question_of.push_back(static_cast<std::uint32_t>(i));
      prepared.push_back(std::move(*row));
    }
    std::vector<Question> unsure;
    const auto limits = tier.scorer->limits();
    for (const auto& batch : plan_batches(tokens, {limits.rows, limits.tokens})) {
      ZUBR_TRY(scored, score(tier, batch, prepared, stop));
      for (std::size_t i = 0; i < batch.size(); ++i) {
        Question& question = questions[question_of[batch[i]]];
        if (!scored[i]) {
          desk.refuse(question, scored[i].error());
          continue;
        }
        const Decision decision = tier.rule->decide(*scored[i]);
        if (tier_number + 1 < tiers_.size() && decision.margin < spec_.escalate->below)
          unsure.push_back(std::move(question));
        else
          ZUBR_CHECK(desk.answer(question, answer_of(decision, tier)));
      }
      desk.report();
    }
    if (unsure.empty()) return {};
    return ask(unsure, tier_number + 1, desk, stop);
  }

  // A batch that the model refuses is halved until the rows are found that it refuses.
  Result<std::vector<Result<inference::LabelScores>>> score(Tier& tier, std::span<const std::uint32_t> batch,
                                                            std::vector<inference::PreparedText>& prepared,
                                                            std::stop_token stop) {
    std::vector<inference::PreparedText> texts;
    texts.reserve(batch.size());
    for (const std::uint32_t index : batch) texts.push_back(std::move(prepared[index]));
    auto scored = with_patience([&] { return tier.scorer->score(texts, stop); }, stop);
    if (!scored)  // they are needed once more
      for (std::size_t i = 0; i < batch.size(); ++i) prepared[batch[i]] = std::move(texts[i]);
    std::vector<Result<inference::LabelScores>> all;
    if (scored) {
      for (auto& scores : *scored) all.emplace_back(std::move(scores));
      return all;
    }
    if (!is_of_the_row(scored.error().code())) return fail(std::move(scored).error());
    if (batch.size() == 1) {
      all.emplace_back(fail(std::move(scored).error()));
      return all;
    }
    for (const auto half : {batch.first(batch.size() / 2), batch.subspan(batch.size() / 2)}) {
      ZUBR_TRY(part, score(tier, half, prepared, stop));
      std::ranges::move(part, std::back_inserter(all));
    }
    return all;
  }

  std::vector<Value> answer_of(const Decision& decision, const Tier& tier) const {
    const ClassifyOptions& options = spec_.options;
    std::string label;
    if (!options.multi) label = options.labels[decision.ranked.front().label].name;
    for (const auto& ranked : decision.ranked) {
      if (!options.multi || ranked.probability < options.threshold) break;
      label += (label.empty() ? "" : "; ") + options.labels[ranked.label].name;
    }
    std::vector<Value> answer{std::move(label), number_text(decision.ranked.front().probability),
                              number_text(decision.margin)};
    if (options.top > 1) {
      std::string json = "[";
      for (int i = 0; i < options.top; ++i) {
        json += i > 0 ? ",{\"label\":" : "{\"label\":";
        formats::append_json_string(json, options.labels[decision.ranked[i].label].name);
        json += ",\"probability\":" + number_text(decision.ranked[i].probability) + "}";
      }
      answer.emplace_back(json + "]");
    }
    if (spec_.escalate) answer.emplace_back(tier.model.backend->info().name);
    return answer;
  }

  ClassifySpec spec_;
  std::size_t text_column_;
  Answers* answers_;
  std::vector<formats::Column> columns_;
  std::vector<Tier> tiers_;
  std::string fingerprint_;
};

}  // namespace

Result<std::unique_ptr<Step>> make_classify(const StepSpec& spec, const ColumnMap& columns, const StepTools& tools,
                                            std::stop_token stop) {
  ZUBR_TRY(text_column, columns.find(std::get<ClassifySpec>(spec.what).text));
  auto step = std::make_unique<ClassifyStep>(spec, text_column, tools.answers);
  ZUBR_CHECK(step->open(spec, tools, std::move(stop)));
  return step;
}

}  // namespace zubr::bulk
