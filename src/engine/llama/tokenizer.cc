#include "engine/llama/tokenizer.h"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <limits>

#include "engine/llama/handles.h"

namespace zubr::engine {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Bytes of the character that starts with `lead`; 0 when no character starts so.
std::size_t utf8_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// Bytes of the valid character at the start of `bytes`, 0 when there is none.
std::size_t valid_character(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const std::size_t length = utf8_length(at(0));
  if (length == 0 || length > bytes.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  if (length == 3 && ((at(0) == 0xE0 && at(1) < 0xA0) || (at(0) == 0xED && at(1) > 0x9F))) return 0;
  if (length == 4 && ((at(0) == 0xF0 && at(1) < 0x90) || (at(0) == 0xF4 && at(1) > 0x8F))) return 0;
  return length;
}

}  // namespace

bool is_valid_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t length = valid_character(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::size_t complete_utf8_prefix(std::string_view bytes) {
  const std::size_t reach = std::min<std::size_t>(bytes.size(), 4);
  for (std::size_t back = 1; back <= reach; ++back) {
    const auto byte = static_cast<unsigned char>(bytes[bytes.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    return utf8_length(byte) > back ? bytes.size() - back : bytes.size();
  }
  return bytes.size();
}

Tokenizer::Tokenizer(const llama_vocab* vocab) : vocab_(vocab) {
  size_ = llama_vocab_n_tokens(vocab);
  bos_ = llama_vocab_bos(vocab);
  eos_ = llama_vocab_eos(vocab);
  eot_ = llama_vocab_eot(vocab);
  infill_prefix_ = llama_vocab_fim_pre(vocab);
  infill_suffix_ = llama_vocab_fim_suf(vocab);
  infill_middle_ = llama_vocab_fim_mid(vocab);
  const auto type = llama_vocab_type(vocab);
  const bool word_piece = type == LLAMA_VOCAB_TYPE_WPM;
  const bool wants_bos = llama_vocab_get_add_bos(vocab) || word_piece;
  const bool wants_eos = llama_vocab_get_add_eos(vocab);
  adds_bos_ = wants_bos && bos_ != kNoToken;
  adds_eos_ = wants_eos && eos_ != kNoToken;
  // llama.cpp aborts when a vocabulary asks for a token that it does not have.
  can_add_special_ = !(wants_bos && bos_ == kNoToken) && !(wants_eos && eos_ == kNoToken) &&
                     !(word_piece && llama_vocab_sep(vocab) == kNoToken);
  if (auto plain = run("a", {}); plain && type == LLAMA_VOCAB_TYPE_SPM && !plain->empty()) {
    adds_space_ = !piece(plain->front()).empty() && piece(plain->front()).front() == ' ';
  }
  if (auto newline = run("\n", {})) newline_ = *newline;
}

Result<Tokens> Tokenizer::run(std::string_view text, TokenizeOptions options) const {
  constexpr std::size_t kMaxBytes = std::numeric_limits<std::int32_t>::max() / 4;
  if (text.size() > kMaxBytes) {
    return fail(ErrorCode::kTooLarge, "a text of {} bytes cannot be tokenised; at most {} can", text.size(), kMaxBytes);
  }
  const auto length = static_cast<std::int32_t>(text.size());
  const bool add_special = options.add_special && can_add_special_;
  try {
    Tokens tokens(text.size() + 4);
    auto capacity = static_cast<std::int32_t>(tokens.size());
    auto count =
        llama_tokenize(vocab_, text.data(), length, tokens.data(), capacity, add_special, options.parse_special);
    if (count < 0 && count != std::numeric_limits<std::int32_t>::min()) {
      tokens.resize(static_cast<std::size_t>(-count));
      count = llama_tokenize(vocab_, text.data(), length, tokens.data(), -count, add_special, options.parse_special);
    }
    if (count < 0) return fail(ErrorCode::kTooLarge, "a text of {} bytes has too many tokens", text.size());
    tokens.resize(static_cast<std::size_t>(count));
    return tokens;
  } catch (const std::exception& error) {
    return fail(ErrorCode::kCorrupt, "the model's vocabulary cannot tokenise this text: {}", error.what());
  }
}

Result<Tokens> Tokenizer::tokenize(std::string_view text, TokenizeOptions options) const {
  if (!is_valid_utf8(text)) {
    return fail(ErrorCode::kInvalidArgument, "the text is not valid UTF-8; convert it (for example with iconv) first");
  }
  return run(text, options);
}

Result<Tokens> Tokenizer::tokenize_start(std::string_view text, bool parse_special) const {
  ZUBR_TRY(tokens, tokenize(text, {.add_special = true, .parse_special = parse_special}));
  if (adds_eos_ && can_add_special_ && !tokens.empty() && tokens.back() == eos_) tokens.pop_back();
  return tokens;
}

Result<Tokens> Tokenizer::tokenize_continuation(std::string_view text, bool parse_special) const {
  if (!adds_space_ || text.empty()) return tokenize(text, {.parse_special = parse_special});
  // A newline in front takes the space that belongs to the start of a text; its tokens come off again. A vocabulary
  // whose newline melts into what follows (rare: "\n\n" as one token) keeps the plain tokens.
  std::string with_newline;
  with_newline.reserve(text.size() + 1);
  with_newline.append("\n").append(text);
  ZUBR_TRY(tokens, tokenize(with_newline, {.parse_special = parse_special}));
  if (!newline_.empty() && tokens.size() >= newline_.size() &&
      std::equal(newline_.begin(), newline_.end(), tokens.begin())) {
    tokens.erase(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(newline_.size()));
    return tokens;
  }
  return tokenize(text, {.parse_special = parse_special});
}

std::string Tokenizer::piece(Token token, bool special) const {
  if (token < 0 || token >= size_) return {};
  try {
    std::string bytes(16, '\0');
    auto count = llama_token_to_piece(vocab_, token, bytes.data(), static_cast<std::int32_t>(bytes.size()), 0, special);
    if (count < 0) {
      bytes.resize(static_cast<std::size_t>(-count));
      count = llama_token_to_piece(vocab_, token, bytes.data(), -count, 0, special);
    }
    bytes.resize(static_cast<std::size_t>(std::max(count, 0)));
    return bytes;
  } catch (const std::exception&) {  // a byte token whose text is too short to hold a byte
    return {};
  }
}

std::string Tokenizer::detokenize(std::span<const Token> tokens, bool special) const {
  std::string text;
  bool first = true;
  for (const Token token : tokens) {
    std::string bytes = piece(token, special);
    if (first && adds_space_ && !bytes.empty() && bytes.front() == ' ') bytes.erase(0, 1);
    if (!bytes.empty() || !is_control(token)) first = false;
    text += bytes;
  }
  return text;
}

bool Tokenizer::is_end(Token token) const { return token >= 0 && token < size_ && llama_vocab_is_eog(vocab_, token); }

bool Tokenizer::is_control(Token token) const {
  if (token < 0 || token >= size_) return true;
  constexpr int kNotText = LLAMA_TOKEN_ATTR_UNKNOWN | LLAMA_TOKEN_ATTR_UNUSED | LLAMA_TOKEN_ATTR_CONTROL;
  return (llama_vocab_get_attr(vocab_, token) & kNotText) != 0;
}

std::string DetokenizeStream::push(Token token) {
  pending_ += tokenizer_.piece(token, special_ || std::ranges::find(shown_, token) != shown_.end());
  std::string out;
  std::string_view rest = std::string_view(pending_).substr(0, complete_utf8_prefix(pending_));
  const std::size_t taken = rest.size();
  while (!rest.empty()) {
    const std::size_t length = valid_character(rest);
    out += length == 0 ? kReplacement : rest.substr(0, length);
    rest.remove_prefix(std::max<std::size_t>(length, 1));
  }
  pending_.erase(0, taken);
  return out;
}

std::string DetokenizeStream::finish() {
  const bool unfinished = !pending_.empty();
  pending_.clear();
  return unfinished ? std::string(kReplacement) : std::string();
}

}  // namespace zubr::engine
