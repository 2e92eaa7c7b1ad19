// The arguments that say what the records of a data file mean; of `zubr tune` and `zubr eval`.
#pragma once

#include <CLI/App.hpp>

#include <string>

#include "core/result.h"
#include "train/tune/dialogue.h"

namespace zubr::cli {

struct TuneDataArguments {
  std::string prompt, completion;              // columns
  std::string labels, text, label, corrected;  // of a table with labels
  std::string instruction;

  void declare(CLI::App& command);
  // `chat`: the model has a chat template. The prompt of a labelled table is the one that `zubr classify` asks with.
  Result<train::DialogueOptions> options(bool chat) const;
};

}  // namespace zubr::cli
