// What `zubr tune` tells people. Pure.
#pragma once

#include <string>

#include "cli/json_text.h"
#include "train/tune/material.h"
#include "train/tune/tune_event.h"
#include "train/tune/tune_plan.h"

namespace zubr::cli {

// Lines about the data: form, examples, lengths, what was left out.
std::string material_text(const train::Material& material, train::RecordForm form);
Json material_json(const train::Material& material, train::RecordForm form);

// "row 7: its label 'x' is none of the 12 labels", the first ten and how many more there are.
std::string bad_rows_text(const std::vector<train::BadRow>& bad);

// "step 12 of 60, loss 1.234, 530 tokens/s, 1 min 05 s left"; empty for events that are nobody's concern.
std::string event_text(const train::TuneEvent& event, std::int64_t tokens_left);

}  // namespace zubr::cli
