// Step: one thing that a job does to every row, giving it columns. The runner calls it shard by shard, in order; a
// shard that is done twice, because a process died, gets the same columns.
//
// One thread. A step keeps nothing of a shard.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "bulk/job/answers.h"
#include "bulk/job/job_file.h"
#include "bulk/job/shard_rows.h"
#include "core/result.h"
#include "inference/backend.h"

namespace zubr::bulk {

// A model, and what tells it from every other: a digest of its file, or of what stands for it.
struct OpenedModel {
  std::shared_ptr<inference::Backend> backend;  // shared with whoever opened it for another step
  std::string digest;
};
// By name; "" is the default. `parallel`: generations at the same time. The same name gives the same object.
using ModelOpener = std::function<Result<OpenedModel>(const std::string& name, int parallel, std::stop_token stop)>;

class Step {
 public:
  virtual ~Step() = default;
  // Never empty; the first has the step's name.
  virtual const std::vector<formats::Column>& columns() const = 0;
  // For the rows that `active` names (ascending): puts their values into `values[column][row]`, which has room and
  // NULLs, or fails the row (ShardRows::fail_row). `answered` is called with the number of rows that are done, now and
  // then. An error is the job's: it stops, and the shard is done again.
  using Answered = std::function<void(std::int64_t rows)>;
  virtual Result<void> run(ShardRows& rows, const std::vector<std::uint32_t>& active,
                           std::vector<std::vector<Value>>& values, const Answered& answered, std::stop_token stop) = 0;
};

struct StepTools {
  ModelOpener open_model;
  Answers* answers = nullptr;  // outlives the steps
  std::filesystem::path spill;
  int concurrency = 1;  // generations at the same time
};

// `columns`: what the rows have before this step. kInvalidArgument, kNotFound for columns that are not there, SQL that
// is none, labels that do not fit; errors of opening a model.
Result<std::unique_ptr<Step>> make_transform(const StepSpec& spec, const ColumnMap& columns, const StepTools& tools);
Result<std::unique_ptr<Step>> make_classify(const StepSpec& spec, const ColumnMap& columns, const StepTools& tools,
                                            std::stop_token stop);
// Steps that generate: `generate`, `extract`.
Result<std::unique_ptr<Step>> make_generate(const StepSpec& spec, const ColumnMap& columns, const StepTools& tools,
                                            std::stop_token stop);
Result<std::unique_ptr<Step>> make_embed(const StepSpec& spec, const ColumnMap& columns, const StepTools& tools,
                                         std::stop_token stop);

// Errors that are the row's own: what it holds cannot be done. Every other is the job's.
bool is_of_the_row(ErrorCode code);

}  // namespace zubr::bulk
