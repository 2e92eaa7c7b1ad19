#include "engine/generate/pattern.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "engine/llama/tokenizer.h"

namespace zubr::engine {
namespace {

constexpr int kMaxPositions = 128;
constexpr int kMaxDepth = 16;
constexpr int kNoLimit = -1;
constexpr int kMaxChoices = 4;  // places where a text may go two ways, outside of loops
constexpr char32_t kLastCharacter = 0x10FFFF;

using Ranges = std::vector<std::pair<char32_t, char32_t>>;  // inclusive

bool overlap(const Ranges& a, const Ranges& b) {
  return std::ranges::any_of(a, [&b](const auto& x) {
    return std::ranges::any_of(b, [&x](const auto& y) { return x.first <= y.second && y.first <= x.second; });
  });
}

Ranges complement(Ranges ranges) {
  std::ranges::sort(ranges);
  Ranges rest;
  char32_t next = 0;
  for (const auto& [from, to] : ranges) {
    if (from > next) rest.emplace_back(next, from - 1);
    next = std::max<char32_t>(next, to + 1);
  }
  if (next <= kLastCharacter) rest.emplace_back(next, kLastCharacter);
  return rest;
}

const Ranges kUnwritable = {{0, 0x1F}, {'"', '"'}, {'\\', '\\'}, {0x7F, 0x7F}};

std::string utf8(char32_t c) {
  const auto byte = [](char32_t value) { return static_cast<char>(value); };
  if (c < 0x80) return {byte(c)};
  if (c < 0x800) return {byte(0xC0 | (c >> 6)), byte(0x80 | (c & 0x3F))};
  if (c < 0x10000) return {byte(0xE0 | (c >> 12)), byte(0x80 | ((c >> 6) & 0x3F)), byte(0x80 | (c & 0x3F))};
  return {byte(0xF0 | (c >> 18)), byte(0x80 | ((c >> 12) & 0x3F)), byte(0x80 | ((c >> 6) & 0x3F)),
          byte(0x80 | (c & 0x3F))};
}

std::string class_text(const Ranges& ranges) {
  const auto character = [](char32_t c) {
    return c < 0x80 ? fmt::format("\\x{:02X}", static_cast<unsigned>(c)) : utf8(c);
  };
  std::string text = "[";
  for (const auto& [from, to] : ranges) {
    text += character(from);
    if (to != from) text.append("-").append(character(to));
  }
  return text + ']';
}

// A part of the pattern: its text in normal form, and what Glushkov's construction needs of it.
struct Part {
  std::string text;
  bool nullable = true;
  bool atom = false;  // one character or one group: may be followed by a quantifier as it is
  std::vector<int> first, last;
};

class Parser {
 public:
  explicit Parser(std::u32string text) : text_(std::move(text)) {}

  Result<std::string> run() {
    ZUBR_TRY(whole, alternatives(0));
    if (at_ < text_.size()) return error("an unbalanced )");
    note_choices(whole.first);
    if (choices_ > kMaxChoices) return error("parts that can match the same text in too many ways");
    return fmt::format("^{}$", whole.text);
  }

 private:
  tl::unexpected<Error> error(std::string_view what) const {
    return fail(ErrorCode::kInvalidArgument,
                "the pattern of the JSON schema has {} near character {}; write it more simply, or leave it out", what,
                at_ + 1);
  }
  bool is(char32_t c) const { return at_ < text_.size() && text_[at_] == c; }

  // Every pair of positions that may both come next for the same character.
  int conflicts(const std::vector<int>& next) const {
    int count = 0;
    for (std::size_t i = 0; i < next.size(); ++i) {
      for (std::size_t j = i + 1; j < next.size(); ++j) count += overlap(sets_[next[i]], sets_[next[j]]) ? 1 : 0;
    }
    return count;
  }
  void note_choices(const std::vector<int>& next) { choices_ += conflicts(next); }

  void follow(const std::vector<int>& from, const std::vector<int>& to) {
    for (const int position : from) {
      const int before = conflicts(follow_[position]);
      follow_[position].insert(follow_[position].end(), to.begin(), to.end());
      choices_ += conflicts(follow_[position]) - before;
    }
  }

  Result<Part> alternatives(int depth) {
    if (depth > kMaxDepth) return error("groups nested too deeply");
    ZUBR_TRY(whole, sequence(depth));
    while (is('|')) {
      ++at_;
      ZUBR_TRY(other, sequence(depth));
      whole.text.append("|").append(other.text);
      whole.nullable = whole.nullable || other.nullable;
      whole.first.insert(whole.first.end(), other.first.begin(), other.first.end());
      whole.last.insert(whole.last.end(), other.last.begin(), other.last.end());
    }
    return whole;
  }

  Result<Part> sequence(int depth) {
    Part whole;
    bool empty = true;
    while (at_ < text_.size() && !is('|') && !is(')')) {
      const int begin = static_cast<int>(sets_.size());
      ZUBR_TRY(part, atom(depth));
      ZUBR_CHECK(quantify(part, begin));
      follow(whole.last, part.first);
      if (choices_ > kMaxChoices) return error("parts that can match the same text in too many ways");
      if (whole.nullable) whole.first.insert(whole.first.end(), part.first.begin(), part.first.end());
      if (!part.nullable) whole.last.clear();
      whole.last.insert(whole.last.end(), part.last.begin(), part.last.end());
      whole.nullable = whole.nullable && part.nullable;
      whole.text += part.text;
      empty = false;
    }
    if (empty) return error("an empty alternative");
    return whole;
  }

  Result<Part> atom(int depth) {
    const char32_t c = text_[at_];
    if (c == '(') {
      ++at_;
      if (is('?')) {
        ++at_;
        if (!is(':')) return error("a group of an unsupported kind");
        ++at_;
      }
      ZUBR_TRY(inner, alternatives(depth + 1));
      if (!is(')')) return error("an unbalanced (");
      ++at_;
      inner.text = fmt::format("({})", inner.text);
      return inner;
    }
    if (c == '[') return character_class();
    if (c == '.') return ++at_, position(complement(kUnwritable));
    if (c == '*' || c == '+' || c == '?' || c == '{') return error("a repetition of nothing");
    if (c == '^' || c == '$') return error("an anchor inside");
    ZUBR_TRY(set, character());
    return position(std::move(set));
  }

  // One character, or \d \w \s.
  Result<Ranges> character() {
    char32_t c = text_[at_++];
    if (c == '\\') {
      if (at_ >= text_.size()) return error("a backslash at its end");
      c = text_[at_++];
      if (c == 'd') return Ranges{{'0', '9'}};
      if (c == 'w') return Ranges{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
      if (c == 's') return Ranges{{' ', ' '}};
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      if (letter) return error("an unsupported escape");
    }
    const Ranges set{{c, c}};
    if (overlap(set, kUnwritable)) return error("a quote, a backslash or a control character");
    return set;
  }

  Result<Part> character_class() {
    ++at_;
    const bool negated = is('^');
    if (negated) ++at_;
    Ranges set;
    while (!is(']')) {
      if (at_ >= text_.size()) return error("an unbalanced [");
      ZUBR_TRY(from, character());
      const bool range = is('-') && at_ + 1 < text_.size() && text_[at_ + 1] != ']' && from.size() == 1;
      if (range) {
        ++at_;
        ZUBR_TRY(to, character());
        if (to.size() != 1 || to.front().first < from.front().first) return error("a range that runs backwards");
        from.front().second = to.front().second;
      }
      set.insert(set.end(), from.begin(), from.end());
    }
    ++at_;
    if (set.empty()) return error("an empty character class");
    if (negated) set.insert(set.end(), kUnwritable.begin(), kUnwritable.end());
    if (negated) set = complement(set);
    if (set.empty()) return error("an empty character class");
    if (overlap(set, kUnwritable)) return error("a range that covers quotes, backslashes or control characters");
    return position(std::move(set));
  }

  Result<Part> position(Ranges set) {
    if (sets_.size() >= kMaxPositions) return error("too many characters");
    const int index = static_cast<int>(sets_.size());
    Part part{.text = class_text(set), .nullable = false, .atom = true, .first = {index}, .last = {index}};
    sets_.push_back(std::move(set));
    follow_.emplace_back();
    return part;
  }

  Result<int> number() {
    int value = 0;
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
      value = value * 10 + static_cast<int>(text_[at_++] - '0');
      if (value > kMaxPatternRepeat) return error("a repetition of more than 500 times");
    }
    if (at_ == begin) return error("a repetition without a number");
    return value;
  }

  // `begin`: the first position that belongs to the part.
  Result<void> quantify(Part& part, int begin) {
    if (at_ >= text_.size()) return {};
    int least = 0;
    int most = kNoLimit;
    const char32_t c = text_[at_];
    if (c != '?' && c != '*' && c != '+' && c != '{') return {};
    ++at_;
    if (c == '?') most = 1;
    if (c == '+') least = 1;
    if (c == '{') {
      ZUBR_TRY(low, number());
      least = low;
      most = low;
      if (is(',')) {
        ++at_;
        most = kNoLimit;
        if (!is('}')) {
          ZUBR_TRY(high, number());
          most = high;
        }
      }
      if (!is('}')) return error("an unbalanced {");
      ++at_;
      if (most != kNoLimit && (most < least || most == 0)) return error("a repetition that cannot be");
    }
    if (is('?') || is('+') || is('*') || is('{')) return error("a repetition of a repetition");
    if (most == kNoLimit || most > 1) {
      if (part.nullable) return error("a repetition of something that may be empty");
      // Inside of a loop every character must lead to one place only.
      const int before = choices_;
      follow(part.last, part.first);
      note_choices(part.first);
      bool clear = choices_ == before;
      for (int i = begin; clear && i < static_cast<int>(sets_.size()); ++i) clear = conflicts(follow_[i]) == 0;
      if (!clear) return error("a repetition that can match the same text in several ways");
    }
    if (c == '{') {
      part.text += most != kNoLimit ? fmt::format("{{{},{}}}", least, most) : fmt::format("{{{},}}", least);
    } else {
      part.text += static_cast<char>(c);
    }
    part.nullable = part.nullable || least == 0;
    return {};
  }

  std::u32string text_;
  std::size_t at_ = 0;
  std::vector<Ranges> sets_;              // per position: the characters it stands for
  std::vector<std::vector<int>> follow_;  // per position: what may come next, with repeats
  int choices_ = 0;
};

std::u32string decode(std::string_view text) {
  std::u32string decoded;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const int length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t c = length == 1 ? lead : lead & (0x7F >> length);
    for (int k = 1; k < length; ++k) c = (c << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3F);
    decoded.push_back(c);
    i += static_cast<std::size_t>(length);
  }
  return decoded;
}

}  // namespace

Result<std::string> normalise_pattern(std::string_view pattern) {
  if (pattern.size() > kMaxPatternBytes)
    return fail(ErrorCode::kInvalidArgument, "a pattern of the JSON schema has {} bytes, the most is {}",
                pattern.size(), kMaxPatternBytes);
  if (!is_valid_utf8(pattern)) return fail(ErrorCode::kInvalidArgument, "a pattern of the JSON schema is not UTF-8");
  const bool escaped_end = pattern.ends_with("\\$");
  if (pattern.size() < 3 || !pattern.starts_with('^') || !pattern.ends_with('$') || escaped_end)
    return fail(ErrorCode::kInvalidArgument,
                "the pattern '{}' of the JSON schema is not anchored; write it as ^…$, for the whole string", pattern);
  return Parser(decode(pattern.substr(1, pattern.size() - 2))).run();
}

}  // namespace zubr::engine
