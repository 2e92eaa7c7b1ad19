#include "engine/label_codes.h"

#include <algorithm>
#include <set>
#include <string_view>

namespace zubr::engine {
namespace {

constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

std::vector<std::string> single_characters() {
  std::vector<std::string> codes;
  for (const std::string_view set :
       {kUpper, std::string_view("abcdefghijklmnopqrstuvwxyz"), std::string_view("0123456789")}) {
    for (const char c : set) codes.emplace_back(1, c);
  }
  return codes;
}

std::vector<std::string> pairs_and_numbers() {
  std::vector<std::string> codes;
  for (const char a : kUpper) {
    for (const char b : kUpper) codes.push_back({a, b});
  }
  for (int number = 10; number < 1000; ++number) codes.push_back(std::to_string(number));
  return codes;
}

bool is_letter_or_digit(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

std::vector<std::string> short_words(const Tokenizer& tokenizer) {
  std::vector<std::string> codes;
  for (Token token = 0; token < tokenizer.size(); ++token) {
    std::string piece = tokenizer.piece(token);
    if (piece.size() >= 2 && piece.size() <= 4 && std::ranges::all_of(piece, is_letter_or_digit))
      codes.push_back(std::move(piece));
  }
  return codes;
}

}  // namespace

Result<std::vector<std::string>> find_label_codes(const Tokenizer& tokenizer, std::size_t count) {
  std::vector<std::string> found;
  std::set<Token> bare, spaced;
  const auto consider = [&](const std::vector<std::string>& codes) -> Result<void> {
    for (const std::string& code : codes) {
      if (found.size() == count) break;
      ZUBR_TRY(alone, tokenizer.tokenize_continuation(code, false));
      if (alone.size() != 1 || bare.contains(alone.front())) continue;
      ZUBR_TRY(after_space, tokenizer.tokenize_continuation(" " + code, false));
      if (after_space.size() != 1 || spaced.contains(after_space.front())) continue;
      bare.insert(alone.front());
      spaced.insert(after_space.front());
      found.push_back(code);
    }
    return {};
  };
  ZUBR_CHECK(consider(single_characters()));
  if (found.size() < count) ZUBR_CHECK(consider(pairs_and_numbers()));
  if (found.size() < count) ZUBR_CHECK(consider(short_words(tokenizer)));
  if (found.size() < count)
    return fail(
        ErrorCode::kUnsupported,
        "{} labels need as many codes of one token, the vocabulary of this model has {}; score the labels themselves",
        count, found.size());
  return found;
}

}  // namespace zubr::engine
