// For tests: what the label scorer must say, computed the plain way and straight on llama.h: one prompt, one row, one
// empty context, every token of prompt and label in order, softmax in double. Shares no code with the scorer.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace zubr::engine {

class NaiveLabels {
 public:
  explicit NaiveLabels(const std::filesystem::path& gguf);
  ~NaiveLabels();

  // The prompt in pieces as label_scorer.h defines it.
  struct Prompt {
    std::string head, text, tail;
  };
  std::vector<int> prompt_tokens(const Prompt& prompt) const;
  // All labels as they are fed, prefix spaces included; `end` of the model appended where one begins another.
  std::vector<std::vector<int>> label_tokens(const std::vector<std::string>& labels) const;
  // fresh: prompt and label from an empty context for every label. Otherwise the prompt is evaluated once from an empty
  // context, and each label continues it after its last three tokens were evaluated again: the same numbers, sooner.
  std::vector<double> log_probs(const std::vector<int>& prompt, const std::vector<std::vector<int>>& labels,
                                bool fresh);

 private:
  struct State;
  void feed(const std::vector<int>& sequence, std::size_t begin, std::size_t outputs_from);
  std::vector<int> tokens(const std::string& text, bool start, bool special) const;
  std::unique_ptr<State> state_;
};

}  // namespace zubr::engine
