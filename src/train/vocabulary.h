// The vocabulary of a model made from nothing: SentencePiece pieces as GGUF's tokenizer model "llama" has them, the
// chat template, and our own encoder for training.
//
// The program that serves a model tokenises with llama.cpp. Encoder does the same merges in the same order (a test
// compares them) and can also drop merges at random, which llama.cpp cannot: a model that has seen "wiertark|ą" and
// "wiert|arką" for one word reads words it never saw (BPE-dropout, https://arxiv.org/abs/1910.13267).
//
// Threads: Vocabulary is plain data; an Encoder may be used by one thread at a time (it caches words).
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/result.h"
#include "formats/gguf_reader.h"
#include "formats/gguf_writer.h"

namespace zubr::train {

using TokenId = std::int32_t;

enum class PieceType : std::int32_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6
};

struct Vocabulary {
  std::vector<std::string> pieces;  // a space is U+2581
  std::vector<float> scores;        // merges with a higher score come first
  std::vector<PieceType> types;
  TokenId unknown = 0, bos = 1, eos = 2;
  std::string chat_template;  // Jinja
};

void write_vocabulary(const Vocabulary& vocabulary, formats::GgufWriter& file);
// kUnsupported for a tokenizer model other than "llama".
Result<Vocabulary> read_vocabulary(const formats::GgufReader& file);

class Encoder {
 public:
  explicit Encoder(const Vocabulary& vocabulary);

  // No space is put in front, nothing is normalised, control pieces in `text` are not seen as such. For vocabularies
  // in which a space only ever begins a piece, as those that sentencepiece/ learns.
  std::vector<TokenId> encode(std::string_view text) { return encode(text, 0, nullptr); }
  // Each merge is left out with probability `dropout`.
  std::vector<TokenId> encode(std::string_view text, double dropout, std::mt19937_64* random);

  // The id of a whole piece ("<|user|>"), -1 where there is none.
  TokenId find(std::string_view piece) const;

 private:
  void encode_word(std::string_view word, double dropout, std::mt19937_64* random, std::vector<TokenId>& out);

  struct Entry {
    TokenId id;
    float score;
    bool mergeable;
  };
  std::unordered_map<std::string, Entry> entries_;
  std::unordered_map<std::string, std::vector<TokenId>> cache_;
  std::vector<TokenId> bytes_;
  TokenId unknown_;
};

}  // namespace zubr::train
