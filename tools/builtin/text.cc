#include "text.h"

#include <array>
#include <cctype>
#include <utility>

namespace zubr::builtin {
namespace {

struct Letter {
  std::string_view low, up, plain_low, plain_up;
};

constexpr std::array<Letter, 9> kPolish = {{{"ą", "Ą", "a", "A"},
                                            {"ć", "Ć", "c", "C"},
                                            {"ę", "Ę", "e", "E"},
                                            {"ł", "Ł", "l", "L"},
                                            {"ń", "Ń", "n", "N"},
                                            {"ó", "Ó", "o", "O"},
                                            {"ś", "Ś", "s", "S"},
                                            {"ź", "Ź", "z", "Z"},
                                            {"ż", "Ż", "z", "Z"}}};

// Applies `change` to every ASCII byte and replaces Polish letters.
template <typename Ascii, typename Polish>
std::string map_letters(std::string_view text, Ascii ascii, Polish polish) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      out += static_cast<char>(ascii(static_cast<unsigned char>(text[i++])));
      continue;
    }
    std::string_view pair = text.substr(i, 2);
    for (const Letter& letter : kPolish) {
      if (pair == letter.low || pair == letter.up) {
        pair = polish(letter, pair == letter.up);
        break;
      }
    }
    out += pair;
    i += 2;
    while (i < text.size() && (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) out += text[i++];
  }
  return out;
}

std::vector<std::string> letters_of(std::string_view text) {
  std::vector<std::string> letters;
  for (const char byte : text) {
    if ((static_cast<unsigned char>(byte) & 0xC0) == 0x80 && !letters.empty()) {
      letters.back() += byte;
    } else {
      letters.emplace_back(1, byte);
    }
  }
  return letters;
}

}  // namespace

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const auto at = text.find(separator);
    if (const auto part = trim(text.substr(0, at)); !part.empty()) parts.emplace_back(part);
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string lower(std::string_view text) {
  return map_letters(
      text, [](unsigned char c) { return std::tolower(c); }, [](const Letter& l, bool) { return l.low; });
}

std::string upper(std::string_view text) {
  return map_letters(
      text, [](unsigned char c) { return std::toupper(c); }, [](const Letter& l, bool) { return l.up; });
}

std::string capitalised(std::string_view text) {
  if (text.empty()) return {};
  const std::size_t first = static_cast<unsigned char>(text[0]) < 0x80 ? 1 : std::min<std::size_t>(2, text.size());
  return upper(text.substr(0, first)) + std::string(text.substr(first));
}

std::string title_case(std::string_view text) {
  std::string out;
  for (const std::string& word : split(text, ' ')) out += (out.empty() ? "" : " ") + capitalised(word);
  return out;
}

std::string without_polish_letters(std::string_view text) {
  return map_letters(
      text, [](unsigned char c) { return c; }, [](const Letter& l, bool up) { return up ? l.plain_up : l.plain_low; });
}

std::string with_typing_error(std::string_view text, Random& random) {
  auto letters = letters_of(text);
  if (letters.size() < 5) return std::string(text);
  const std::size_t at = 1 + random.below(letters.size() - 2);
  switch (random.below(3)) {
    case 0: std::swap(letters[at], letters[at + 1]); break;
    case 1: letters.erase(letters.begin() + static_cast<std::ptrdiff_t>(at)); break;
    default: letters.insert(letters.begin() + static_cast<std::ptrdiff_t>(at), std::string(letters[at])); break;
  }
  std::string out;
  for (const std::string& letter : letters) out += letter;
  return out;
}

std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211ULL;
  return hash ^ (hash >> 29);
}

}  // namespace zubr::builtin
