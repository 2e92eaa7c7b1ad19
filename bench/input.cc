#include "input.h"

#include <fmt/format.h>
#include <llama.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <random>
#include <string_view>
#include <unordered_set>

#include "process.h"

namespace zubr::bench {
namespace {

constexpr int kSharedTokens = 128;
constexpr int kTextTokens = 7;
constexpr std::string_view kAfterText = " ->";

constexpr std::array<const char*, 50> kLabels = {
    "shoes", "running shoes", "hiking boots", "phones", "phone cases", "phone chargers", "tablets", "laptops",
    "laptop bags", "cameras", "headphones", "televisions", "furniture", "garden furniture", "office chairs",
    "bed frames", "mattresses", "lamps", "books", "school books", "comic books", "toys", "board games",
    "building blocks", "pet food", "cat litter", "dog beds", "garden tools", "plants", "seeds", "beauty", "hair care",
    "makeup", "perfume", "kitchen", "pots and pans", "coffee machines", "knives", "sports", "camping gear",
    "bicycles", "fitness", "car parts", "car tires", "engine oil", "clothing", "winter jackets", "dresses", "jewelry",
    "watches"};

constexpr std::string_view kInstruction =
    "You sort what customers of a large online shop type into its search box. Each phrase belongs to one of the fifty "
    "departments of the shop. Read the phrase, think of the thing that the customer wants to buy, and answer with the "
    "name of the department in which it is sold and with nothing else. A part or an accessory belongs to the "
    "department of the thing that it is made for. Sizes, colours and spelling mistakes do not matter.";

class Vocabulary {
 public:
  explicit Vocabulary(const std::filesystem::path& path) : model_(nullptr, llama_model_free) {
    llama_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
    llama_model_params params = llama_model_default_params();
    params.vocab_only = true;
    model_.reset(llama_model_load_from_file(path.c_str(), params));
    if (!model_) die("cannot read the vocabulary of " + path.string());
    vocab_ = llama_model_get_vocab(model_.get());
  }
  int count(std::string_view text, bool with_start) const {
    std::vector<llama_token> tokens(text.size() + 8);
    return llama_tokenize(vocab_, text.data(), static_cast<int>(text.size()), tokens.data(),
                          static_cast<int>(tokens.size()), with_start, true);
  }
  // Lower-case words of one token when a space stands before them.
  std::vector<std::string> words() const {
    std::vector<std::string> found;
    for (llama_token token = 0; token < std::min(llama_vocab_n_tokens(vocab_), 30000); ++token) {
      char piece[64];
      const int length = llama_token_to_piece(vocab_, token, piece, sizeof piece, 0, false);
      const std::string_view text(piece, static_cast<std::size_t>(std::max(length, 0)));
      if (length < 4 || length > 10 || text[0] != ' ') continue;
      if (text.find_first_not_of("abcdefghijklmnopqrstuvwxyz", 1) != std::string_view::npos) continue;
      found.emplace_back(text.substr(1));
    }
    return found;
  }

 private:
  std::unique_ptr<llama_model, decltype(&llama_model_free)> model_;
  const llama_vocab* vocab_ = nullptr;
};

// The instruction, made exactly long enough with words of one token.
std::string shared_prompt(const Vocabulary& vocabulary) {
  const std::string tail = "\nPhrase:";
  std::string prompt(kInstruction);
  constexpr std::array<const char*, 6> kFill = {" Be", " brief", " and", " sure", " and", " quick"};
  for (std::size_t i = 0; vocabulary.count(prompt + tail, true) < kSharedTokens; ++i) prompt += kFill[i % kFill.size()];
  const int tokens = vocabulary.count(prompt + tail, true);
  if (tokens != kSharedTokens) die(fmt::format("the shared prompt has {} tokens, not {}", tokens, kSharedTokens));
  return prompt + tail;
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) die("cannot write " + path.string());
}

}  // namespace

Input make_input(const std::filesystem::path& model, const std::filesystem::path& folder, int rows, int warm_up_rows,
                 std::string_view labels) {
  std::filesystem::create_directories(folder);
  const Vocabulary vocabulary(model);
  const std::vector<std::string> words = vocabulary.words();
  if (words.size() < 1000) die("the vocabulary has too few words of one token");
  const std::string shared = shared_prompt(vocabulary);

  Input input;
  input.shared_tokens = kSharedTokens;
  input.row_tokens = kTextTokens + 1;
  std::mt19937_64 random(2026);  // its sequence is fixed by the C++ standard
  std::unordered_set<std::string> seen;
  std::string csv = "text\n";
  while (static_cast<int>(input.warm_up.size()) < warm_up_rows) {
    std::string text;
    for (int i = 0; i < kTextTokens; ++i) text += (i > 0 ? " " : "") + words[random() % words.size()];
    std::string prompt = fmt::format("{} {}{}", shared, text, kAfterText);
    if (vocabulary.count(prompt, true) != kSharedTokens + kTextTokens + 1 || !seen.insert(text).second) continue;
    if (static_cast<int>(input.texts.size()) == rows) {
      input.warm_up.push_back(std::move(prompt));
      continue;
    }
    csv += text + "\n";
    input.texts.push_back(std::move(text));
    input.prompts.push_back(std::move(prompt));
  }
  std::vector<std::string> names(kLabels.begin(), kLabels.end());
  if (labels == "short") {
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = words[i * words.size() / names.size()];
  }
  std::string label_lines;
  for (const std::string& name : names) {
    label_lines += name + "\n";
    const int tokens = vocabulary.count(" " + name, false);
    input.longest_label_tokens = std::max(input.longest_label_tokens, tokens);
  }
  input.rows_csv = folder / fmt::format("rows-{}.csv", rows);
  input.template_file = folder / "template.txt";
  input.labels_file = folder / fmt::format("labels-{}.txt", labels);
  write(input.rows_csv, csv);
  write(input.template_file, fmt::format("{} {{{{text}}}}{}", shared, kAfterText));
  write(input.labels_file, label_lines);
  return input;
}

}  // namespace zubr::bench
