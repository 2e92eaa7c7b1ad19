#include "bulk/job/questions.h"

#include <unordered_map>
#include <utility>

namespace zubr::bulk {
namespace {
struct KeyHash {
  std::size_t operator()(const AnswerKey& key) const { return static_cast<std::size_t>(key.low); }
};
}  // namespace

Result<std::vector<Question>> QuestionDesk::open_questions(const std::vector<std::uint32_t>& active,
                                                           const TextOf& text_of) {
  std::vector<Question> questions;
  std::unordered_map<AnswerKey, std::uint32_t, KeyHash> place;
  place.reserve(active.size());
  for (const std::uint32_t row : active) {
    auto text = text_of(row);
    if (!text) {
      rows_.fail_row(row, text.error().message());
      ++unreported_;
      continue;
    }
    const AnswerKey key = answers_.key(fingerprint_, *text);
    const auto [at, is_new] = place.emplace(key, static_cast<std::uint32_t>(questions.size()));
    if (is_new) questions.push_back({std::move(*text), key, {}});
    questions[at->second].rows.push_back(row);
  }
  ZUBR_TRY(worth_looking, answers_.knows(fingerprint_));
  if (!worth_looking) return questions;
  std::vector<Question> open;
  for (Question& question : questions) {
    ZUBR_TRY(known, answers_.find(question.key));
    if (known && known->size() == values_.size()) {
      put(question, *known);
    } else {
      open.push_back(std::move(question));
    }
  }
  return open;
}

void QuestionDesk::put(const Question& question, const std::vector<Value>& answer) {
  unreported_ += std::ssize(question.rows);
  for (const std::uint32_t row : question.rows)
    for (std::size_t i = 0; i < answer.size(); ++i) values_[i][row] = answer[i];
}

Result<void> QuestionDesk::answer(const Question& question, const std::vector<Value>& answer) {
  put(question, answer);
  return answers_.keep(fingerprint_, question.key, answer);
}

void QuestionDesk::refuse(const Question& question, const Error& error) {
  for (const std::uint32_t row : question.rows) rows_.fail_row(row, error.message());
  unreported_ += std::ssize(question.rows);
}

void QuestionDesk::report() {
  if (unreported_ > 0) answered_(std::exchange(unreported_, 0));
}

}  // namespace zubr::bulk
