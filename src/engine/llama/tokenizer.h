// Text to tokens and back, with a model's own vocabulary.
//
// Threads: immutable; every method may be called from any thread at once. A Tokenizer lives inside its Model.
// Input that is not UTF-8 is kInvalidArgument; no text makes the process end.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"
#include "engine/token.h"

struct llama_vocab;

namespace zubr::engine {

struct TokenizeOptions {
  bool add_special = false;    // put the model's begin-of-text (and end-of-text) tokens around it, if it wants any
  bool parse_special = false;  // "<|im_end|>" in the text becomes the control token; off for text from outside
};

class Tokenizer {
 public:
  explicit Tokenizer(const llama_vocab* vocab);

  Result<Tokens> tokenize(std::string_view text, TokenizeOptions options) const;

  // The beginning of a prompt that goes on: the begin-of-text token where the model wants one, never an end.
  Result<Tokens> tokenize_start(std::string_view text, bool parse_special) const;

  // The tokens that `text` has in the middle of a text, right after other tokens. tokenize() would treat it as the
  // start of a text: SentencePiece vocabularies put a space in front of the first word there.
  Result<Tokens> tokenize_continuation(std::string_view text, bool parse_special) const;

  // The bytes of one token. They may be part of a character only. Control tokens are "" unless `special`.
  std::string piece(Token token, bool special = false) const;
  // The text of a whole token list. Control tokens are left out unless `special`.
  std::string detokenize(std::span<const Token> tokens, bool special = false) const;

  int size() const { return size_; }
  Token bos() const { return bos_; }  // kNoToken where the model has none, here and below
  Token eos() const { return eos_; }
  Token eot() const { return eot_; }
  // What stands around the parts of a text whose middle is to be filled in.
  Token infill_prefix() const { return infill_prefix_; }
  Token infill_suffix() const { return infill_suffix_; }
  Token infill_middle() const { return infill_middle_; }
  bool can_infill() const {
    return infill_prefix_ != kNoToken && infill_suffix_ != kNoToken && infill_middle_ != kNoToken;
  }
  // What ends an answer of this model: end of turn, else end of text.
  Token end_of_answer() const { return eot_ != kNoToken ? eot_ : eos_; }
  bool is_end(Token token) const;      // any end-of-generation token
  bool is_control(Token token) const;  // not text: a control, unknown or unused token
  bool adds_bos() const { return adds_bos_; }
  // Whether a fragment at the start of a text gets a space in front (SentencePiece).
  bool adds_space() const { return adds_space_; }
  const llama_vocab* handle() const { return vocab_; }

 private:
  Result<Tokens> run(std::string_view text, TokenizeOptions options) const;

  const llama_vocab* vocab_;
  int size_ = 0;
  Token bos_ = kNoToken, eos_ = kNoToken, eot_ = kNoToken;
  Token infill_prefix_ = kNoToken, infill_suffix_ = kNoToken, infill_middle_ = kNoToken;
  bool adds_bos_ = false, adds_eos_ = false;
  bool can_add_special_ = true;
  bool adds_space_ = false;
  Tokens newline_;  // the tokens of "\n" at the start of a text
};

// Turns a stream of tokens into a stream of texts of whole UTF-8 characters. One thread at a time.
class DetokenizeStream {
 public:
  // `tokenizer` must outlive the stream.
  explicit DetokenizeStream(const Tokenizer& tokenizer, bool special = false)
      : tokenizer_(tokenizer), special_(special) {}

  // Control tokens that are to be seen all the same.
  void show(std::vector<Token> tokens) { shown_ = std::move(tokens); }

  // What has become complete with this token; often "" in the middle of a character.
  std::string push(Token token);
  // What is left at the end; an unfinished character becomes U+FFFD.
  std::string finish();

 private:
  const Tokenizer& tokenizer_;
  bool special_;
  std::vector<Token> shown_;
  std::string pending_;
};

// Length of the longest prefix of `bytes` that does not end inside a UTF-8 character.
std::size_t complete_utf8_prefix(std::string_view bytes);
bool is_valid_utf8(std::string_view bytes);

}  // namespace zubr::engine
