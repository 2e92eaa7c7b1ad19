#include "core/utf8.h"

#include <cstdint>
#include <cstring>

namespace zubr::core {
namespace {

struct Sequence {
  std::size_t length = 0;  // bytes that belong together
  bool valid = false;
};

bool is_continuation(std::uint8_t byte) { return (byte & 0xC0) == 0x80; }

// `first` is not ASCII. The second byte's range depends on the first (table 3-7); the others are 80..BF.
Sequence sequence_at(const std::uint8_t* bytes, std::size_t left) {
  const std::uint8_t first = bytes[0];
  std::size_t length = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return {1, false};
  }
  if (left < 2 || bytes[1] < low || bytes[1] > high) return {1, false};
  for (std::size_t i = 2; i < length; ++i) {
    if (i >= left || !is_continuation(bytes[i])) return {i, false};
  }
  return {length, true};
}

std::size_t ascii_prefix(const std::uint8_t* bytes, std::size_t size, std::size_t at) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080u;
  while (at + 8 <= size) {
    std::uint64_t word;
    std::memcpy(&word, bytes + at, 8);
    if (word & kHighBits) break;
    at += 8;
  }
  while (at < size && bytes[at] < 0x80) ++at;
  return at;
}

}  // namespace

std::size_t utf8_valid_prefix(std::string_view text) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  std::size_t at = ascii_prefix(bytes, text.size(), 0);
  while (at < text.size()) {
    const Sequence sequence = sequence_at(bytes + at, text.size() - at);
    if (!sequence.valid) return at;
    at = ascii_prefix(bytes, text.size(), at + sequence.length);
  }
  return at;
}

bool utf8_valid(std::string_view text) { return utf8_valid_prefix(text) == text.size(); }

std::string utf8_replace(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t good = utf8_valid_prefix(text);
    out.append(text.substr(0, good));
    text.remove_prefix(good);
    if (text.empty()) break;
    out.append("\xEF\xBF\xBD");
    text.remove_prefix(sequence_at(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()).length);
  }
  return out;
}

std::string_view utf8_truncate(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  while (end > 0 && is_continuation(static_cast<std::uint8_t>(text[end]))) --end;
  return text.substr(0, end);
}

}  // namespace zubr::core
