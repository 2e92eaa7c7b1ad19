#include "train/vocabulary.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace zubr::train {
namespace {

constexpr std::string_view kSpace = "\xE2\x96\x81";

}  // namespace

void write_vocabulary(const Vocabulary& vocabulary, formats::GgufWriter& file) {
  std::vector<std::int32_t> types;
  for (const PieceType type : vocabulary.types) types.push_back(static_cast<std::int32_t>(type));
  file.add("tokenizer.ggml.model", "llama");
  file.add("tokenizer.ggml.tokens", vocabulary.pieces);
  file.add("tokenizer.ggml.scores", vocabulary.scores);
  file.add("tokenizer.ggml.token_type", types);
  file.add("tokenizer.ggml.bos_token_id", static_cast<std::uint32_t>(vocabulary.bos));
  file.add("tokenizer.ggml.eos_token_id", static_cast<std::uint32_t>(vocabulary.eos));
  file.add("tokenizer.ggml.unknown_token_id", static_cast<std::uint32_t>(vocabulary.unknown));
  file.add("tokenizer.ggml.add_bos_token", true);
  file.add("tokenizer.ggml.add_eos_token", false);
  file.add("tokenizer.ggml.add_space_prefix", false);
  if (!vocabulary.chat_template.empty()) file.add("tokenizer.chat_template", vocabulary.chat_template);
}

Result<Vocabulary> read_vocabulary(const formats::GgufReader& file) {
  const auto* model = file.find<std::string>("tokenizer.ggml.model");
  const auto* pieces = file.find<std::vector<std::string>>("tokenizer.ggml.tokens");
  const auto* scores = file.find<std::vector<double>>("tokenizer.ggml.scores");
  const auto* types = file.find<std::vector<std::int64_t>>("tokenizer.ggml.token_type");
  if (!model || *model != "llama" || !pieces || !scores || !types)
    return fail(ErrorCode::kUnsupported, "'{}' has tokenizer model '{}'; only 'llama' (SentencePiece) can be trained",
                file.path().string(), model ? *model : "");
  if (pieces->empty() || scores->size() != pieces->size() || types->size() != pieces->size())
    return fail(ErrorCode::kCorrupt, "'{}' has {} tokens, {} scores and {} types", file.path().string(), pieces->size(),
                scores->size(), types->size());
  Vocabulary vocabulary;
  vocabulary.pieces = *pieces;
  for (const double score : *scores) vocabulary.scores.push_back(static_cast<float>(score));
  for (const std::int64_t type : *types) vocabulary.types.push_back(static_cast<PieceType>(type));
  const auto last = static_cast<std::int64_t>(pieces->size()) - 1;
  ZUBR_TRY(bos, file.integer("tokenizer.ggml.bos_token_id", 0, last));
  ZUBR_TRY(eos, file.integer("tokenizer.ggml.eos_token_id", 0, last));
  vocabulary.bos = static_cast<TokenId>(bos);
  vocabulary.eos = static_cast<TokenId>(eos);
  if (const auto* unknown = file.find<std::int64_t>("tokenizer.ggml.unknown_token_id"); unknown && *unknown <= last)
    vocabulary.unknown = static_cast<TokenId>(*unknown);
  if (const auto* text = file.find<std::string>("tokenizer.chat_template")) vocabulary.chat_template = *text;
  return vocabulary;
}

Encoder::Encoder(const Vocabulary& vocabulary) : bytes_(256, vocabulary.unknown), unknown_(vocabulary.unknown) {
  for (std::size_t i = 0; i < vocabulary.pieces.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const PieceType type = vocabulary.types[i];
    if (unsigned byte = 0; type == PieceType::kByte && vocabulary.pieces[i].size() == 6) {  // "<0x0A>"
      const char* digits = vocabulary.pieces[i].data() + 3;
      if (std::from_chars(digits, digits + 2, byte, 16).ec == std::errc()) bytes_[byte] = id;
    }
    const bool mergeable = type == PieceType::kNormal || type == PieceType::kUserDefined;
    entries_.emplace(vocabulary.pieces[i], Entry{id, vocabulary.scores[i], mergeable});
  }
}

TokenId Encoder::find(std::string_view piece) const {
  const auto at = entries_.find(std::string(piece));
  return at == entries_.end() ? -1 : at->second.id;
}

std::vector<TokenId> Encoder::encode(std::string_view text, double dropout, std::mt19937_64* random) {
  // No piece has a space after its first character, so the words merge independently.
  std::vector<TokenId> out;
  std::string word;
  const auto flush = [&] {
    if (!word.empty()) encode_word(word, dropout, random, out);
    word.clear();
  };
  for (const char byte : text) {
    if (byte == ' ') {
      flush();
      word = kSpace;
    } else {
      word += byte;
    }
  }
  flush();
  return out;
}

void Encoder::encode_word(std::string_view word, double dropout, std::mt19937_64* random, std::vector<TokenId>& out) {
  const std::string key(word);
  if (dropout <= 0) {
    if (const auto known = cache_.find(key); known != cache_.end()) {
      out.insert(out.end(), known->second.begin(), known->second.end());
      return;
    }
  }
  std::vector<std::string> symbols;
  for (std::size_t at = 0; at < word.size();) {
    const auto lead = static_cast<unsigned char>(word[at]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    symbols.emplace_back(word.substr(at, length));
    at += length;
  }
  std::bernoulli_distribution drop(dropout);
  while (symbols.size() > 1) {
    std::size_t best = symbols.size();
    float best_score = 0;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto at = entries_.find(symbols[i] + symbols[i + 1]);
      if (at == entries_.end() || !at->second.mergeable) continue;
      if (dropout > 0 && drop(*random)) continue;
      if (best == symbols.size() || at->second.score > best_score) {
        best = i;
        best_score = at->second.score;
      }
    }
    if (best == symbols.size()) break;
    symbols[best] += symbols[best + 1];
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
  std::vector<TokenId> tokens;
  for (const std::string& symbol : symbols) {
    const auto at = entries_.find(symbol);
    if (at != entries_.end() && at->second.mergeable) {
      tokens.push_back(at->second.id);
    } else {
      for (const char byte : symbol) tokens.push_back(bytes_[static_cast<unsigned char>(byte)]);
    }
  }
  out.insert(out.end(), tokens.begin(), tokens.end());
  if (dropout <= 0 && cache_.size() < 200000) cache_.emplace(key, std::move(tokens));
}

}  // namespace zubr::train
