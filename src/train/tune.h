// Tunes a model by a low-rank adapter, following the plan in a folder (tune/tune_plan.h). No torch in this header.
//
// Each step is `batch` examples, packed without seeing one another into as many passes as `tokens_at_once` needs; the
// loss is the mean over the tokens of the answers of a step, so it does not depend on how they are packed. After each
// step the folder's log has a line; every `checkpoint_every` steps and at the end of a run there is a checkpoint, whole
// or not at all. A run that is started again goes on with the same bits (on a CPU, with the same number of threads).
// Where there is validation, the best adapter is kept, and what comes out is made from it.
//
// Failure: kInvalidArgument, kCorrupt (plan, checkpoint, base), kUnsupported (base), kInternal where the loss is not
// finite (the last checkpoint stays; the message names the step and the rows of data), kOutOfMemory, kIo, kDiskFull. On
// cancellation the checkpoint is written and the result is kCancelled. Threads: one run per process at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "core/result.h"
#include "train/tune/tune_event.h"
#include "train/tune/tune_plan.h"

namespace zubr::train {

using TuneReport = std::function<void(const TuneEvent&)>;

// Leaves adapter.gguf, peft/, model.gguf, loss.svg and log.jsonl in the folder.
Result<void> run_tune(const TuneFolder& folder, const TuneReport& report, std::stop_token stop);

// What a run would need, measured: loads the base and does two steps whose results are thrown away.
struct TuneTrial {
  double tokens_per_second = 0;
  std::uint64_t peak_bytes = 0;  // of memory
  std::int64_t parameters = 0;   // that would be trained
};
Result<TuneTrial> try_tune(const TuneFolder& folder);

}  // namespace zubr::train
