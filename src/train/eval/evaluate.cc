#include "train/eval/evaluate.h"

#include <algorithm>
#include <cmath>

#include "engine/llama/context.h"
#include "engine/llama/log_softmax.h"
#include "engine/llama/model.h"

namespace zubr::train {
namespace {

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// The probability of the best label among all of them.
Prediction decide(const inference::LabelScores& scores, int gold) {
  const auto best = std::ranges::max_element(scores.log_prob);
  double sum = 0;
  for (const float score : scores.log_prob) sum += std::exp(static_cast<double>(score - *best));
  return {gold, static_cast<int>(best - scores.log_prob.begin()), 1 / sum};
}

// The log-probability of the answer's tokens after the prompt's, from an empty context.
Result<double> answer_likelihood(engine::Context& context, const Example& example, std::stop_token stop) {
  context.clear();
  engine::Batch batch;
  const auto prompt = static_cast<std::int64_t>(example.prompt.size());
  for (std::int64_t i = 0; i + 1 < example.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const TokenId token = i < prompt ? example.prompt[at] : example.answer[at - example.prompt.size()];
    batch.add(token, static_cast<int>(i), 0, i >= prompt - 1);
  }
  ZUBR_CHECK(context.decode(batch, stop));
  double sum = 0;
  for (std::size_t i = 0; i < example.answer.size(); ++i) {
    const auto logits = context.logits(static_cast<int>(prompt - 1 + static_cast<std::int64_t>(i)));
    sum += logits[static_cast<std::size_t>(example.answer[i])] - engine::log_sum_exp(logits);
  }
  return sum;
}

}  // namespace

double AnswerEvaluation::perplexity() const {
  return tokens > 0 ? std::exp(-log_likelihood / static_cast<double>(tokens)) : 0;
}

Result<LabelEvaluation> evaluate_labels(inference::Backend& backend, const inference::LabelTask& task,
                                        const std::vector<LabelledText>& texts, const EvalProgress& progress,
                                        std::stop_token stop) {
  LabelEvaluation evaluation;
  inference::LabelTask exact = task;
  exact.tolerance = 0;  // probabilities are asked for
  ZUBR_TRY(scorer, backend.open_labels(exact, stop));
  std::vector<Prediction> predictions;
  std::vector<inference::PreparedText> rows;
  std::vector<int> golds;
  std::int64_t tokens = 0, done = 0;
  const auto flush = [&]() -> Result<void> {
    if (rows.empty()) return {};
    ZUBR_TRY(scores, scorer->score(rows, stop));
    for (std::size_t i = 0; i < scores.size(); ++i) predictions.push_back(decide(scores[i], golds[i]));
    rows.clear();
    golds.clear();
    tokens = 0;
    return {};
  };
  for (const LabelledText& text : texts) {
    progress(done++, std::ssize(texts));
    const auto gold = std::ranges::find(task.labels, text.label) - task.labels.begin();
    auto row = scorer->prepare(text.text);
    if (!row) {
      evaluation.bad.push_back({text.row, row.error().message()});
      continue;
    }
    const auto size = std::ssize(row->tokens);
    if (std::ssize(rows) == scorer->limits().rows || tokens + size > scorer->limits().tokens) ZUBR_CHECK(flush());
    tokens += size;
    rows.push_back(std::move(*row));
    golds.push_back(static_cast<int>(gold));
  }
  ZUBR_CHECK(flush());
  evaluation.metrics = measure_labels(predictions, task.labels);
  return evaluation;
}

Result<AnswerEvaluation> evaluate_answers(inference::Backend& backend, const std::filesystem::path& file, int threads,
                                          const std::vector<Dialogue>& dialogues, bool generate,
                                          const EvalProgress& progress, std::stop_token stop) {
  AnswerEvaluation evaluation;
  ZUBR_TRY(maker, ExampleMaker::open(file));
  engine::ModelOptions options;
  options.path = file;
  options.threads = threads;
  ZUBR_TRY(model, engine::Model::load(options));
  std::vector<std::pair<Example, const Dialogue*>> all;
  std::int64_t longest = 1;
  const std::int64_t most = model->context_train() > 0 ? model->context_train() : 1 << 20;
  for (const Dialogue& dialogue : dialogues) {
    auto made = maker.examples(dialogue);
    if (!made || made->back().size() > most) {
      evaluation.bad.push_back(
          {dialogue.row, made ? message("it has {} tokens, the model's context {}", made->back().size(), most)
                              : made.error().message()});
      continue;
    }
    longest = std::max(longest, made->back().size());
    all.emplace_back(std::move(made->back()), &dialogue);
  }
  engine::ContextOptions how;
  how.cells = static_cast<int>(longest);
  how.batch_tokens = static_cast<int>(longest);
  how.micro_batch = std::min(512, how.batch_tokens);
  ZUBR_TRY(context, engine::Context::create(model, how));
  std::vector<char> right;
  for (const auto& [example, dialogue] : all) {
    progress(evaluation.answers, std::ssize(all));
    ZUBR_TRY(likelihood, answer_likelihood(*context, example, stop));
    evaluation.log_likelihood += likelihood;
    evaluation.tokens += std::ssize(example.answer);
    ++evaluation.answers;
    if (!generate) continue;
    inference::GenerateRequest request;
    request.prompt_tokens = example.prompt;
    request.sampling.temperature = 0;
    request.max_tokens = static_cast<int>(2 * example.answer.size() + 8);
    ZUBR_TRY(answer, backend.generate(request, {}, stop));
    const bool same = trimmed(answer.text) == trimmed(dialogue->messages.back().content);
    right.push_back(same ? 1 : 0);
    evaluation.exact += same ? 1 : 0;
  }
  evaluation.exact_interval = bootstrap(right.size(), 1, [&](std::span<const std::uint32_t> drawn) {
    return static_cast<double>(std::ranges::count_if(drawn, [&](std::uint32_t i) { return right[i] != 0; })) /
           static_cast<double>(right.size());
  });
  return evaluation;
}

}  // namespace zubr::train
