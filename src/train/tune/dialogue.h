// What a model is tuned on, as conversations, from the forms that such data has.
//
//   {"messages": [{"role": "user", "content": "…"}, …]}                     OpenAI chat
//   {"conversations": [{"from": "human", "value": "…"}, …], "system": "…"}  ShareGPT
//   {"instruction": "…", "input": "…", "output": "…"}                       Alpaca, with "system" and "history"
//   {"prompt": "…", "completion": "…"}                                      or prompt and response, question and answer
//   rows with a text and a label                                            what `zubr classify` writes
//
// JSONL, a JSON array (.json), CSV, TSV and Parquet. A record's form is recognised from its keys; all records of a file
// have the same. A record that cannot be used is listed with its number and the reason, never repaired.
//
// Pure apart from reading the file. Threads: any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "inference/generation.h"

namespace zubr::train {

enum class RecordForm { kChat, kShareGpt, kAlpaca, kPromptCompletion, kLabelled };
std::string_view form_name(RecordForm form);

struct Dialogue {
  std::int64_t row = 0;                      // from 1
  std::vector<inference::Message> messages;  // the last one is the assistant's
};

// How columns are to be understood; empty names: the usual ones.
struct DialogueOptions {
  std::string prompt_column, completion_column;
  std::string text_column, label_column;  // of labelled tables
  std::string corrected_column;           // a label here wins over the other one
  std::string label_prompt;               // the user's message with {{text}} in it; set: the table is a labelled one
  std::string label_prefix;               // in front of every label: " " for models without a chat template
  std::vector<std::string> labels;        // the only ones allowed; empty = all
};

struct BadRow {
  std::int64_t row = 0;
  std::string reason;
};

struct DialogueFile {
  RecordForm form = RecordForm::kChat;
  std::vector<Dialogue> dialogues;
  std::vector<BadRow> bad;
};

// One record as JSON. kInvalidArgument says what is wrong with it. `form`: of the records before it; set by the first.
Result<Dialogue> parse_dialogue(std::string_view json, const DialogueOptions& options, std::optional<RecordForm>& form);

// kNotFound, kInvalidArgument (empty, unknown kind of file, no record can be used), kCorrupt, kTooLarge (a JSON array
// over 1 GiB). `scratch`: a folder for the conversion of CSV and Parquet.
Result<DialogueFile> read_dialogues(const std::filesystem::path& file, const DialogueOptions& options,
                                    const std::filesystem::path& scratch, std::stop_token stop);

}  // namespace zubr::train
