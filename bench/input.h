// The input that zubr and its peers are measured on: made once, from a seed, and the same for both.
//
// A prompt of exactly 128 tokens in front of the text, 8 tokens from there on (7 of text and " ->"), 50 labels of one
// to three tokens; counted with the vocabulary of the model that is measured. All rows differ.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace zubr::bench {

struct Input {
  std::filesystem::path rows_csv;       // one column, `text`
  std::filesystem::path template_file;  // the prompt with {{text}}
  std::filesystem::path labels_file;
  std::vector<std::string> texts;
  std::vector<std::string> prompts;  // the template with each text in it
  int shared_tokens = 0;
  int row_tokens = 0;
  int longest_label_tokens = 0;
};

Input make_input(const std::filesystem::path& model, const std::filesystem::path& folder, int rows);

}  // namespace zubr::bench
