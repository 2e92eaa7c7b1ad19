// Training and measuring material: JSONL files, one sample a line.
//
//   {"trunk": "Which category …\nCategories: Toys, Shoes\n\nText:", "branches": [["red sneakers", "Shoes"], …]}
//   {"text": "Shoes > Boots = Buty > Kozaki"}                                       plain text, every token trained on
//   {"set": "banking77", "trunk": "…", "labels": ["a", "b"], "rows": [["text", 1], …]}   for measuring
//
// A trunk with a branch is a user's message, what follows is the answer: <|user|>trunk text<|assistant|> answer</s>,
// the form that the chat template written into the model gives. Only the answer is trained on. Nothing is cut: a sample
// that does not fit a row is counted and left out by the trainer, which says so.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/result.h"
#include "train/packing.h"
#include "train/vocabulary.h"

namespace zubr::train {

inline constexpr const char* kUserPiece = "<|user|>";
inline constexpr const char* kAssistantPiece = "<|assistant|>";
extern const char* const kChatTemplate;  // what samples look like, as Jinja

struct CorpusOptions {
  double dropout = 0;  // of merges, in texts and answers and plain text; not in trunks, which are read far more often
  float text_weight = 1;  // of plain text's loss against an answer's
  std::uint64_t seed = 1;
};

// Where a reader stands; enough to go on exactly there.
struct CorpusPosition {
  std::int64_t offset = 0;  // bytes
  std::int64_t sample = 0;  // counted over all passes
};

class Corpus {
 public:
  // kNotFound, kInvalidArgument for an empty file.
  static Result<Corpus> open(const std::filesystem::path& file, Encoder& encoder, const Vocabulary& vocabulary,
                             const CorpusOptions& options);

  // The next sample; begins anew at the end of the file. kCorrupt names file and line offset. A merge dropped in sample
  // number n depends on seed and n only.
  Result<Sample> next();
  CorpusPosition position() const { return position_; }
  void seek(CorpusPosition position);

 private:
  Corpus() = default;
  std::filesystem::path file_;
  std::ifstream in_;
  Encoder* encoder_ = nullptr;
  TokenId bos_ = 0, eos_ = 0, user_ = 0, assistant_ = 0;
  CorpusOptions options_;
  CorpusPosition position_;
};

// One text to be put under one of the labels.
struct Question {
  std::string set;
  std::int32_t gold = 0;
  std::int32_t labels = 0;
  Sample sample;  // trunk = prompt with the text, one branch per label, all of whose tokens have weight 1
};

Result<std::vector<Question>> read_questions(const std::filesystem::path& file, Encoder& encoder,
                                             const Vocabulary& vocabulary);

}  // namespace zubr::train
