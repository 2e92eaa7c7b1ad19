// What happens in a tuning run, as lines of JSON: in its log and on the trainer's standard output. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace zubr::train {

struct TuneEvent {
  enum class Kind {
    kStart,   // step (where it goes on), steps, parameters (that are trained)
    kStep,    // step, steps, loss (mean over the answers' tokens), rate, tokens, tokens_per_second
    kEval,    // step, loss, best
    kSaved,   // text: which file
    kEarly,   // step: it ends because validation got no better
    kDone,    // step, loss (best validation, or last), text: the model's file
    kFailed,  // code, text
  };
  Kind kind = Kind::kStep;
  std::int64_t step = 0, steps = 0, parameters = 0, tokens = 0;
  double loss = 0, rate = 0, tokens_per_second = 0;
  bool best = false;
  std::string code = {}, text = {};
};

std::string event_line(const TuneEvent& event);  // with a newline
// kCorrupt for a line that is none.
Result<TuneEvent> parse_event(std::string_view line);

// The curves of training and validation loss over steps, as SVG.
std::string loss_plot(const std::vector<TuneEvent>& events, std::string_view title);

}  // namespace zubr::train
