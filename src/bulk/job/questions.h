// Questions: what a step asks a model about the rows of a shard, each different question once. What is known from
// before is put at once; the rest is for the step to ask.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "bulk/job/answers.h"
#include "bulk/job/shard_rows.h"
#include "bulk/job/step.h"
#include "core/result.h"

namespace zubr::bulk {

// A text for the model, and the rows that have it.
struct Question {
  std::string text;
  AnswerKey key;
  std::vector<std::uint32_t> rows;
};

class QuestionDesk {
 public:
  // The values of a step's columns, by column and row (Step::run).
  QuestionDesk(Answers& answers, std::string_view fingerprint, ShardRows& rows, std::vector<std::vector<Value>>& values,
               const Step::Answered& answered)
      : answers_(answers), fingerprint_(fingerprint), rows_(rows), values_(values), answered_(answered) {}

  // The text for a row; an error is the row's.
  using TextOf = std::function<Result<std::string>(std::size_t row)>;
  // The questions that nobody has answered before, by their first row.
  Result<std::vector<Question>> open_questions(const std::vector<std::uint32_t>& active, const TextOf& text_of);
  // Puts the answer and keeps it.
  Result<void> answer(const Question& question, const std::vector<Value>& answer);
  void refuse(const Question& question, const Error& error);
  // Says how many rows were put or refused since the last time.
  void report();
  ~QuestionDesk() { report(); }
  QuestionDesk(const QuestionDesk&) = delete;
  QuestionDesk& operator=(const QuestionDesk&) = delete;

 private:
  void put(const Question& question, const std::vector<Value>& answer);

  Answers& answers_;
  std::string_view fingerprint_;
  ShardRows& rows_;
  std::vector<std::vector<Value>>& values_;
  const Step::Answered& answered_;
  std::int64_t unreported_ = 0;
};

}  // namespace zubr::bulk
