// For tests: a small BERT with random weights and a real vocabulary, to be used as an embedding model.
#pragma once

#include <filesystem>

namespace zubr::engine {

struct RandomBert {
  int pooling_type = 1;  // as in GGUF: 0 none, 1 mean, 2 first token, 3 last token, 4 ranking
  int context_tokens = 64;
};

// Writes a GGUF with the vocabulary of another GGUF; false when that cannot be read or the file cannot be written. The
// same options give the same weights.
bool write_random_bert(const std::filesystem::path& vocabulary, const std::filesystem::path& file, RandomBert options);

}  // namespace zubr::engine
