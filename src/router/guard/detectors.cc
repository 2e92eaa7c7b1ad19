#include "router/guard/detectors.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

namespace zubr::router {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_letter(char c) { return is_upper(c) || (c >= 'a' && c <= 'z'); }
bool is_alnum(char c) { return is_digit(c) || is_letter(c); }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
int value(char c) { return c - '0'; }

// Bytes of other alphabets are letters: "ł44051401359" is a word.
bool is_word(char c) { return is_alnum(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80; }

int weighted(std::string_view digits, std::span<const int> weights) {
  int sum = 0;
  for (std::size_t at = 0; at < weights.size(); ++at) sum += value(digits[at]) * weights[at];
  return sum;
}

bool all_digits(std::string_view text) { return std::ranges::all_of(text, is_digit); }

// A run of digits, with single spaces, dots or dashes (or a no-break space) between them.
struct DigitRun {
  std::size_t begin = 0, end = 0;
  std::string digits;
  std::vector<std::size_t> at;  // of each digit
};

// How long the separator here is; 0 where there is none.
std::size_t separator(std::string_view text, std::size_t at) {
  if (at >= text.size()) return 0;
  if (text[at] == ' ' || text[at] == '-' || text[at] == '.') return 1;
  return text.substr(at).starts_with("\xC2\xA0") ? 2 : 0;
}

DigitRun digits_from(std::string_view text, std::size_t begin) {
  DigitRun run{.begin = begin, .end = begin, .digits = {}, .at = {}};
  for (std::size_t at = begin; at < text.size();) {
    if (is_digit(text[at])) {
      run.digits += text[at];
      run.at.push_back(at);
      run.end = ++at;
      continue;
    }
    const std::size_t gap = separator(text, at);
    if (gap == 0 || at + gap >= text.size() || !is_digit(text[at + gap])) break;
    at += gap;
  }
  return run;
}

bool starts_word(std::string_view text, std::size_t at) { return at == 0 || !is_word(text[at - 1]); }
bool ends_word(std::string_view text, std::size_t at) { return at >= text.size() || !is_word(text[at]); }

struct NumberForm {
  Sensitive kind;
  std::size_t shortest, longest;
  bool (*is_right)(std::string_view);
};

bool is_polish_account(std::string_view digits) { return is_iban("PL" + std::string(digits)); }

constexpr std::array<NumberForm, 6> kNumbers{{{Sensitive::kIban, 26, 26, is_polish_account},
                                              {Sensitive::kCard, 13, 19, is_card},
                                              {Sensitive::kRegon, 14, 14, is_regon},
                                              {Sensitive::kPesel, 11, 11, is_pesel},
                                              {Sensitive::kNip, 10, 10, is_nip},
                                              {Sensitive::kRegon, 9, 9, is_regon}}};

// Numbers inside a run: two that stand beside each other with a space between look like one, so every group that begins
// after a separator and ends before one is looked at.
void find_numbers(std::string_view text, const DigitRun& run, std::vector<Finding>& out) {
  const auto begins_group = [&](std::size_t digit) { return digit == 0 || run.at[digit] != run.at[digit - 1] + 1; };
  for (std::size_t first = 0; first < run.digits.size(); ++first) {
    if (!begins_group(first) || !starts_word(text, run.at[first])) continue;
    for (const NumberForm& form : kNumbers)
      for (std::size_t length = form.longest; length >= form.shortest; --length) {
        const std::size_t last = first + length;
        if (last > run.digits.size() || (last < run.digits.size() && !begins_group(last))) continue;
        if (!ends_word(text, run.at[last - 1] + 1)) continue;
        if (form.is_right(std::string_view(run.digits).substr(first, length)))
          out.push_back({form.kind, run.at[first], run.at[last - 1] + 1});
      }
  }
}

// "+48 600 700 800", "600 700 800", "600-700-800", "22 123 45 67", "600700800": what a Polish number may be, and any
// with a country's code.
void find_phone(std::string_view text, const DigitRun& run, std::vector<Finding>& out) {
  const bool plus = run.begin > 0 && text[run.begin - 1] == '+';
  const std::size_t count = run.digits.size();
  if (plus && count >= 8 && count <= 15) {
    out.push_back({Sensitive::kPhone, run.begin - 1, run.end});
    return;
  }
  if (!starts_word(text, run.begin) || !ends_word(text, run.end)) return;
  const bool zero_zero = run.digits.starts_with("00") && count >= 11 && count <= 15;
  const bool polish = count == 9 && run.digits[0] >= '1' && run.digits[0] <= '8';
  if (zero_zero || polish) out.push_back({Sensitive::kPhone, run.begin, run.end});
}

// Letters and digits in groups: "PL61 1090 1014 0000 0712 1981 2874".
void find_iban(std::string_view text, std::size_t begin, std::vector<Finding>& out) {
  constexpr std::size_t kLongest = 34, kShortest = 15;
  std::string code;
  std::vector<std::size_t> ends;
  for (std::size_t at = begin; at < text.size() && code.size() < kLongest;) {
    if (is_alnum(text[at])) {
      code += upper(text[at]);
      ends.push_back(++at);
      continue;
    }
    const std::size_t gap = separator(text, at);
    if (gap == 0 || at + gap >= text.size() || !is_alnum(text[at + gap])) break;
    at += gap;
  }
  for (std::size_t length = code.size(); length >= kShortest; --length)
    if (ends_word(text, ends[length - 1]) && is_iban(std::string_view(code).substr(0, length)))
      return out.push_back({Sensitive::kIban, begin, ends[length - 1]});
}

bool in_local_part(char c) { return is_alnum(c) || std::string_view("._%+-").find(c) != std::string_view::npos; }

void find_email(std::string_view text, std::size_t sign, std::vector<Finding>& out) {
  std::size_t begin = sign, end = sign + 1, last_dot = 0;
  while (begin > 0 && (in_local_part(text[begin - 1]) || static_cast<unsigned char>(text[begin - 1]) >= 0x80)) --begin;
  while (end < text.size() && (is_alnum(text[end]) || text[end] == '-' || text[end] == '.' ||
                               static_cast<unsigned char>(text[end]) >= 0x80)) {
    if (text[end] == '.') last_dot = end;
    ++end;
  }
  while (end > sign + 1 && (text[end - 1] == '.' || text[end - 1] == '-')) {
    --end;
    last_dot = text.substr(0, end).rfind('.');
  }
  const bool has_domain = last_dot != std::string_view::npos && last_dot > sign + 1 && end - last_dot > 2;
  if (begin < sign && has_domain) out.push_back({Sensitive::kEmail, begin, end});
}

// Keys by how they begin; at least so many characters of a key must follow.
struct KeyForm {
  std::string_view start;
  std::size_t least;
};
constexpr std::array<KeyForm, 21> kKeys{
    {{"sk-", 16},   {"sk_live_", 10},    {"sk_test_", 10}, {"rk_live_", 10}, {"gsk_", 16}, {"ghp_", 20},  {"gho_", 20},
     {"ghs_", 20},  {"github_pat_", 20}, {"glpat-", 16},   {"hf_", 16},      {"AKIA", 16}, {"ASIA", 16},  {"AIza", 30},
     {"xoxb-", 16}, {"xoxp-", 16},       {"eyJ", 40},      {"zubr-", 40},    {"npm_", 30}, {"pplx-", 20}, {"r8_", 20}}};

bool in_key(char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; }

void find_key(std::string_view text, std::size_t begin, std::vector<Finding>& out) {
  const std::string_view rest = text.substr(begin);
  constexpr std::string_view kBlock = "-----BEGIN ";
  if (rest.starts_with(kBlock)) {
    const std::size_t head = rest.find("PRIVATE KEY-----");
    if (head == std::string_view::npos || head > 60) return;
    const std::size_t foot = rest.find("PRIVATE KEY-----", head + 1);
    const std::size_t end = foot == std::string_view::npos ? rest.size() : foot + 16;
    return out.push_back({Sensitive::kKey, begin, begin + end});
  }
  for (const KeyForm& form : kKeys) {
    if (!rest.starts_with(form.start)) continue;
    std::size_t end = form.start.size();
    while (end < rest.size() && in_key(rest[end])) ++end;
    while (end > form.start.size() && rest[end - 1] == '.') --end;
    if (end - form.start.size() >= form.least) return out.push_back({Sensitive::kKey, begin, begin + end});
  }
}

constexpr std::array<std::string_view, kSensitiveKinds> kNames{"PESEL", "NIP",   "REGON", "IBAN",
                                                               "CARD",  "EMAIL", "PHONE", "KEY"};

}  // namespace

std::string_view sensitive_name(Sensitive kind) { return kNames[static_cast<std::size_t>(kind)]; }

std::optional<Sensitive> sensitive_of(std::string_view name) {
  std::string capitals(name);
  std::ranges::transform(capitals, capitals.begin(), upper);
  const auto found = std::ranges::find(kNames, capitals);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<Sensitive>(found - kNames.begin());
}

bool is_pesel(std::string_view digits) {
  constexpr std::array<int, 10> kWeights{1, 3, 7, 9, 1, 3, 7, 9, 1, 3};
  if (digits.size() != 11 || !all_digits(digits)) return false;
  if ((10 - weighted(digits, kWeights) % 10) % 10 != value(digits[10])) return false;
  // The month says the century: 80 more is 18xx, 20 more is 20xx, 40 and 60 more are to come.
  const int month = (value(digits[2]) * 10 + value(digits[3])) % 20;
  const int day = value(digits[4]) * 10 + value(digits[5]);
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

bool is_nip(std::string_view digits) {
  constexpr std::array<int, 9> kWeights{6, 5, 7, 2, 3, 4, 5, 6, 7};
  if (digits.size() != 10 || !all_digits(digits) || digits.find_first_not_of('0') == std::string_view::npos)
    return false;
  return weighted(digits, kWeights) % 11 == value(digits[9]);  // a remainder of 10 is no digit
}

bool is_regon(std::string_view digits) {
  constexpr std::array<int, 8> kShort{8, 9, 2, 3, 4, 5, 6, 7};
  constexpr std::array<int, 13> kLong{2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8};
  if (!all_digits(digits) || digits.find_first_not_of('0') == std::string_view::npos) return false;
  if (digits.size() == 9) return weighted(digits, kShort) % 11 % 10 == value(digits[8]);
  if (digits.size() != 14 || !is_regon(digits.substr(0, 9))) return false;
  return weighted(digits, kLong) % 11 % 10 == value(digits[13]);
}

bool is_iban(std::string_view code) {
  if (code.size() < 15 || code.size() > 34) return false;
  if (!is_upper(code[0]) || !is_upper(code[1]) || !is_digit(code[2]) || !is_digit(code[3])) return false;
  int rest = 0;
  for (std::size_t at = 0; at < code.size(); ++at) {
    const char c = code[(at + 4) % code.size()];
    if (is_digit(c))
      rest = (rest * 10 + value(c)) % 97;
    else if (is_upper(c))
      rest = (rest * 100 + (c - 'A' + 10)) % 97;
    else
      return false;
  }
  return rest == 1;
}

bool is_card(std::string_view digits) {
  if (digits.size() < 13 || digits.size() > 19 || !all_digits(digits) || digits[0] < '2' || digits[0] > '6')
    return false;
  int sum = 0;
  for (std::size_t at = 0; at < digits.size(); ++at) {
    int digit = value(digits[digits.size() - 1 - at]);
    if (at % 2 == 1) digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}

std::vector<Finding> find_sensitive(std::string_view text) {
  std::vector<Finding> all;
  std::size_t digits_end = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '@') find_email(text, at, all);
    if (!starts_word(text, at)) continue;
    if (is_digit(c) && at >= digits_end) {
      const DigitRun run = digits_from(text, at);
      digits_end = run.end;
      find_numbers(text, run, all);
      find_phone(text, run, all);
    }
    if (is_letter(c) || c == '-') find_key(text, at, all);
    const bool may_be_iban = at + 3 < text.size() && is_letter(c) && is_letter(text[at + 1]) && is_digit(text[at + 2]);
    if (may_be_iban) find_iban(text, at, all);
    // "PL5260250274", "NIP5260250274"
    if (is_letter(c)) {
      std::size_t end = at;
      while (end < text.size() && is_letter(text[end])) ++end;
      if (end < text.size() && is_digit(text[end]) && end - at <= 5) {
        DigitRun run = digits_from(text, end);
        for (const NumberForm& form : kNumbers)
          if (run.digits.size() == form.longest && ends_word(text, run.end) && form.is_right(run.digits))
            all.push_back({form.kind, run.begin, run.end});
      }
    }
  }
  // The longest first where several begin at one place; what begins inside of another is dropped unless it ends later.
  std::ranges::stable_sort(
      all, [](const Finding& a, const Finding& b) { return a.begin != b.begin ? a.begin < b.begin : a.end > b.end; });
  std::vector<Finding> apart;
  for (const Finding& one : all) {
    if (apart.empty() || one.begin >= apart.back().end) {
      apart.push_back(one);
    } else if (one.end - one.begin > apart.back().end - apart.back().begin) {
      apart.back() = {one.kind, apart.back().begin, one.end};  // both are covered
    } else {
      apart.back().end = std::max(apart.back().end, one.end);
    }
  }
  return apart;
}

}  // namespace zubr::router
