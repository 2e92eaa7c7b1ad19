// The examples of a run, looked over before anything is trained: what cannot be used, what is there twice, what
// validation would know already, how long they are.
//
// Pure; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "core/result.h"
#include "train/tune/dialogue.h"
#include "train/tune/example.h"

namespace zubr::train {

struct LengthReport {
  std::int64_t tokens = 0, answer_tokens = 0;
  std::int64_t shortest = 0, median = 0, p95 = 0, longest = 0;  // tokens of an example
};

struct MaterialReport {
  std::int64_t records = 0;
  std::vector<BadRow> bad;          // records that cannot be used, too long ones among them
  std::int64_t too_long = 0;        // of them
  std::int64_t duplicates = 0;      // examples whose prompt and answer an earlier one has too; they are left out
  std::int64_t contradictions = 0;  // prompts with several answers
  std::int64_t leaks = 0;           // training examples whose prompt is in the validation file; they are left out
  LengthReport lengths;             // of what is trained on
};

struct Material {
  std::vector<Example> train, validation;
  MaterialReport report;
};

struct MaterialOptions {
  std::int64_t max_tokens = 2048;  // of an example
  double validation_share = 0.05;  // of the prompts, where no validation file is given; equal prompts stay together
  std::int64_t most_validation = 1000;  // examples
  std::uint64_t seed = 1;
};

// `validation`: of a file of its own, or null.
Result<Material> gather(const ExampleMaker& maker, const DialogueFile& data, const DialogueFile* validation,
                        const MaterialOptions& options);

}  // namespace zubr::train
