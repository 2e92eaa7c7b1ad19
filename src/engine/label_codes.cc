#include "engine/label_codes.h"

#include <set>
#include <string_view>

namespace zubr::engine {
namespace {

constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

std::vector<std::string> single_characters() {
  std::vector<std::string> codes;
  for (const std::string_view set : {kUpper, std::string_view("abcdefghijklmnopqrstuvwxyz"), std::string_view("0123456789")}) {
    for (const char c : set) codes.emplace_back(1, c);
  }
  return codes;
}

std::vector<std::string> extended(const std::vector<std::string>& codes) {
  std::vector<std::string> longer;
  for (const std::string& code : codes) {
    for (const char c : kUpper) longer.push_back(code + c);
  }
  return longer;
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
  std::vector<std::string> letters;
  for (const char c : kUpper) letters.emplace_back(1, c);
  for (int length = 2; length <= 3 && found.size() < count; ++length) {
    letters = extended(letters);
    ZUBR_CHECK(consider(letters));
  }
  if (found.size() < count)
    return fail(ErrorCode::kUnsupported,
                "{} labels need as many codes of one token, the vocabulary of this model has {}; score the labels themselves",
                count, found.size());
  return found;
}

}  // namespace zubr::engine
