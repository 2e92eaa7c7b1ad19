// The input that zubr and its peers are measured on: made once, from a seed, and the same for both.
//
// A prompt of exactly 128 tokens in front of the text, 8 tokens from there on (7 of text and " ->"), 50 labels of one
// to three tokens (or of one each); counted with the vocabulary of the model that is measured. All rows differ.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace zubr::bench {

struct Input {
  std::filesystem::path rows_csv;       // one column, `text`
  std::filesystem::path template_file;  // the prompt with {{text}}
  std::filesystem::path labels_file;
  std::vector<std::string> texts;
  std::vector<std::string> prompts;  // the template with each text in it
  std::vector<std::string> warm_up;  // prompts of other texts: a peer that caches must not have seen what is measured
  int shared_tokens = 0;
  int row_tokens = 0;
  int longest_label_tokens = 0;
};

// `labels`: "mixed", names of one to three tokens as a shop has them, or "short", 50 words of one token each.
Input make_input(const std::filesystem::path& model, const std::filesystem::path& folder, int rows, int warm_up_rows,
                 std::string_view labels);

}  // namespace zubr::bench
