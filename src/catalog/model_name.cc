#include "catalog/model_name.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <vector>

#include "catalog/families.h"

namespace zubr::catalog {
namespace {

using Words = std::vector<std::string>;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

template <std::size_t N>
bool one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, word) != words.end();
}

bool all_digits(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_digit); }
bool is_number(std::string_view text) {
  return !text.empty() && is_digit(text.front()) &&
         std::ranges::all_of(text, [](char c) { return is_digit(c) || c == '.'; });
}

// "8b", "1.5b", "135m", "8x7b"
bool is_size(std::string_view word) {
  if (word.size() < 2 || (word.back() != 'b' && word.back() != 'm')) return false;
  word.remove_suffix(1);
  if (const std::size_t times = word.find('x'); times != std::string_view::npos)
    return all_digits(word.substr(0, times)) && is_number(word.substr(times + 1));
  return is_number(word);
}

// "q4_k_m", "iq2_xxs", "q8_0", "fp8", "int4", "w4a16", "4bit", "awq" …
bool is_packing(std::string_view word) {
  constexpr std::array<std::string_view, 37> kWords{
      "gguf", "ggml", "awq",  "gptq", "exl2",  "exl3", "mlx",   "onnx", "openvino",    "bnb",     "fp16", "fp8",
      "fp4",  "fp32", "bf16", "f16",  "f32",   "int4", "int8",  "nf4",  "nvfp4",       "mxfp4",   "qat",  "4bit",
      "8bit", "6bit", "5bit", "3bit", "w4a16", "w8a8", "w8a16", "hf",   "safetensors", "imatrix", "i1",   "autoround"};
  if (one_of(word, kWords)) return true;
  std::size_t at = word.starts_with("iq") || word.starts_with("tq") ? 2 : word.starts_with('q') ? 1 : 0;
  if (at == 0 || at >= word.size() || !is_digit(word[at])) return false;
  while (at < word.size() && is_digit(word[at])) ++at;
  return at == word.size() || word[at] == '_';
}

Words split(std::string_view text, std::string_view separators) {
  Words words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
    if (end > at) words.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

// "llama3.1" → llama 3.1, "2.5vl" → 2.5 vl; "4o", "16e", "8x7b", "128k" stay whole.
void split_letters_from_digits(const std::string& word, Words& out) {
  std::size_t start = 0;
  for (std::size_t at = 1; at < word.size(); ++at) {
    const bool into_digits = is_letter(word[at - 1]) && is_digit(word[at]);
    const std::size_t letters_end = static_cast<std::size_t>(
        std::find_if_not(word.begin() + static_cast<std::ptrdiff_t>(at), word.end(), is_letter) - word.begin());
    const bool into_letters = is_digit(word[at - 1]) && is_letter(word[at]) && letters_end - at >= 2;
    const bool in_size = is_size(std::string_view(word).substr(start));
    if ((!into_digits && !into_letters) || in_size) continue;
    out.push_back(word.substr(start, at - start));
    start = at;
  }
  out.push_back(word.substr(start));
}

// "v3p1" → "3.1": how a version is written where no dot may be.
std::string with_dot(const std::string& word) {
  const std::size_t start = word.starts_with('v') ? 1 : 0;
  const std::size_t point = word.find('p', start);
  if (point == std::string::npos || !all_digits(std::string_view(word).substr(start, point - start)) ||
      !all_digits(std::string_view(word).substr(point + 1)))
    return word;
  return word.substr(start, point - start) + "." + word.substr(point + 1);
}

// Separates at dots that stand between words rather than in a number.
Words split_dots(const std::string& word) {
  Words out(1);
  for (std::size_t at = 0; at < word.size(); ++at) {
    const bool dot = word[at] == '.';
    const bool in_number = dot && at > 0 && at + 1 < word.size() && is_digit(word[at - 1]) && is_digit(word[at + 1]);
    if (dot && !in_number) {
      out.emplace_back();
    } else {
      out.back() += word[at];
    }
  }
  std::erase(out, "");
  return out;
}

// Amazon Bedrock ends names with "-v1:0", OpenRouter with ":free".
std::string without_service_suffix(std::string name, std::string_view source) {
  const std::size_t colon = name.rfind(':');
  if (colon == std::string::npos || source == "ollama") return name;
  const std::string_view tail = std::string_view(name).substr(colon + 1);
  constexpr std::array<std::string_view, 9> kVariants{"free",  "extended", "thinking", "exacto", "nitro",
                                                      "floor", "online",   "beta",     "latest"};
  if (one_of(tail, kVariants)) return name.substr(0, colon);
  if (!all_digits(tail)) return name;
  name.resize(colon);
  std::size_t at = name.size();
  while (at > 0 && is_digit(name[at - 1])) --at;
  return at >= 2 && at < name.size() && name[at - 1] == 'v' && name[at - 2] == '-' ? name.substr(0, at - 2) : name;
}

std::string last_segment(std::string_view name) {
  const std::size_t slash = name.rfind('/');
  return std::string(slash == std::string_view::npos ? name : name.substr(slash + 1));
}

struct Parts {
  Words words;  // family first
  bool instruct = false, base = false;
};

// "3", "1" → "3.1": where a dot cannot be written, versions have dashes.
void join_versions(Words& words) {
  const auto part = [](const std::string& word) { return all_digits(word) && word.size() <= 2 && word[0] != '0'; };
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    if (part(words[i]) && all_digits(words[i + 1]) && words[i + 1].size() == 1) {
      words[i] += "." + words[i + 1];
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
}

Parts take_apart(std::string_view name, std::string_view source) {
  std::string text = without_service_suffix(lower(last_segment(name)), source);
  if (const std::size_t bracket = text.find('('); bracket != std::string::npos && bracket > 0) text.resize(bracket);
  Parts parts;
  for (const std::string& chunk : split(text, "-: @,+")) {
    if (is_packing(chunk)) continue;
    for (const std::string& piece : split(chunk, "_"))
      for (const std::string& word : split_dots(with_dot(piece)))
        if (!is_packing(word)) split_letters_from_digits(word, parts.words);
  }
  constexpr std::array<std::string_view, 19> kVendors{
      "meta",   "mistralai",  "google", "openai",     "anthropic",  "us",  "eu",     "apac",    "global", "microsoft",
      "nvidia", "databricks", "cohere", "moonshotai", "deepseekai", "zai", "amazon", "mistral", "alibaba"};
  const auto family_next = [&] { return parts.words.size() > 1 && find_family(parts.words[1]) != nullptr; };
  const auto vendor_next = [&] { return parts.words.size() > 2 && one_of(parts.words[1], kVendors); };
  while (!parts.words.empty() && one_of(parts.words.front(), kVendors) && (family_next() || vendor_next()))
    parts.words.erase(parts.words.begin());
  const auto again = [](const std::string& a, const std::string& b) { return a == b && !is_digit(a.front()); };
  parts.words.erase(std::unique(parts.words.begin(), parts.words.end(), again), parts.words.end());
  join_versions(parts.words);
  return parts;
}

bool has_size(const Words& words) { return std::ranges::any_of(words, is_size); }

// Takes the words out that say for what a model was trained, not which it is.
void take_out_training(Parts& parts, const Family* family, std::string_view source) {
  constexpr std::array<std::string_view, 3> kInstruct{"instruct", "it", "inst"};
  constexpr std::array<std::string_view, 4> kBase{"base", "pt", "pretrained", "pretrain"};
  constexpr std::array<std::string_view, 3> kDropped{"latest", "maas", "original"};
  constexpr std::array<std::string_view, 2> kFaster{"turbo", "instant"};
  const bool sized = has_size(parts.words);
  const bool chat_differs = std::ranges::any_of(parts.words, [](const std::string& word) { return word == "pllum"; });
  const bool copies_are_faster = sized && family != nullptr && family->served_fast;
  Words kept;
  for (const std::string& word : parts.words) {
    const bool first = kept.empty();
    if (!first && (one_of(word, kInstruct) || (word == "chat" && sized && !chat_differs))) {
      parts.instruct = true;
    } else if (!first && (one_of(word, kBase) || (word == "text" && source == "ollama"))) {
      parts.base = true;
    } else if (first || !(one_of(word, kDropped) || (copies_are_faster && one_of(word, kFaster)))) {
      kept.push_back(word);
    }
  }
  parts.words = std::move(kept);
}

// A name of nothing but family, version and size is the pretrained model's, in families that name theirs so.
bool is_plain(const Words& words) {
  return has_size(words) && std::all_of(words.begin() + 1, words.end(), [](const std::string& word) {
           return is_size(word) || is_number(word) || word == "v";
         });
}

bool names_a_family(const Words& words) {
  return std::ranges::any_of(words, [](const std::string& word) { return find_family(word) != nullptr; });
}

// The end of a path that says which model it is: "groq/llama-3.1-8b" → "llama-3.1-8b", "aiml/flux-pro/v1.1" →
// "flux-pro-v1.1". Empty where nothing in it is telling.
std::string telling_part(const Address& address) {
  const std::string& name = address.name;
  if (address.source != "litellm" && address.source != "models.dev") return name;
  const Words words = take_apart(name, address.source).words;
  const bool has_number = std::ranges::any_of(words, [](const std::string& word) { return is_digit(word.front()); });
  const bool has_word = std::ranges::any_of(words, [](const std::string& word) { return word.size() >= 4; });
  if (names_a_family(words) || (has_number && has_word)) return name;
  std::string tail = last_segment(name);
  std::string head = name.substr(0, name.size() - tail.size());
  while (head.size() > 1) {
    head.pop_back();
    const std::string segment = last_segment(head);
    tail = segment + "-" + tail;
    if (names_a_family(take_apart(segment, address.source).words)) return tail;
    head.resize(head.size() - segment.size());
  }
  return {};
}

// Everything with a digit in it.
std::set<std::string> numbers_of(std::string_view name, std::string_view source) {
  std::set<std::string> numbers;
  for (const std::string& word : take_apart(name, source).words)
    if (std::ranges::any_of(word, is_digit)) numbers.insert(word);
  return numbers;
}

std::string digits_of(std::string_view name, std::string_view source) {
  std::string digits;
  for (const std::string& word : numbers_of(name, source))
    for (const char c : word)
      if (is_digit(c)) digits += c;
  std::ranges::sort(digits);
  return digits;
}

}  // namespace

std::string author_of(const Address& address) {
  const std::size_t slash = address.name.find('/');
  if (slash == std::string::npos || address.source == "models.dev" || address.source == "litellm" ||
      address.source == "name")
    return {};
  return address.name.substr(0, slash);
}

std::string name_key(const Address& address) {
  const std::string name = telling_part(address);
  // "auto" and "text-to-image" of two services are not one model.
  if (name.empty()) return lower(address.source + ":" + address.name);
  Parts parts = take_apart(name, address.source);
  if (parts.words.empty()) return {};
  const Family* family = find_family(parts.words.front());
  take_out_training(parts, family, address.source);
  const bool exact = address.source == "hf" || address.source == "openrouter";
  if (exact && !parts.instruct && family != nullptr && plain_is_pretrained(*family, parts.words) &&
      is_plain(parts.words))
    parts.base = true;
  const std::string author = lower(author_of(address));
  const auto owned = [&author](const std::string& word) {
    const Family* named = find_family(word);
    return named != nullptr && (owns(*named, author) || is_mirror(author));
  };
  const bool everybodys = author.empty() || std::ranges::any_of(parts.words, owned);
  std::ranges::sort(parts.words);
  const std::string key = fmt::format("{}{}", fmt::join(parts.words, "-"), parts.base ? "+base" : "");
  return everybodys ? key : author + "/" + key;
}

std::optional<std::int64_t> parameters_in_name(std::string_view name) {
  for (const std::string& word : split(lower(last_segment(name)), "-_: @,+()")) {
    if (!is_size(word) || word.find('x') != std::string::npos) continue;
    const double unit = word.back() == 'b' ? 1e9 : 1e6;
    const double count = std::strtod(word.c_str(), nullptr) * unit;
    if (count >= 1e6 && count < 1e14) return static_cast<std::int64_t>(count + 0.5);
  }
  return std::nullopt;
}

bool may_be_one(const Address& a, const Address& b) {
  const auto left = numbers_of(a.name, a.source), right = numbers_of(b.name, b.source);
  // A name without a number ("deepseek-chat") moves from model to model.
  if (left.empty()) return false;
  if (b.source != "hf") return digits_of(a.name, a.source) == digits_of(b.name, b.source);
  return std::ranges::includes(left, right) || std::ranges::includes(right, left);
}

bool is_copy_of(std::string_view copy, std::string_view original) {
  const Words words = take_apart(copy, "hf").words;
  Words allowed = take_apart(original, "hf").words;
  for (const std::string& word : take_apart(original.substr(0, original.find('/')), "hf").words)
    allowed.push_back(word);
  return std::ranges::all_of(
      words, [&allowed](const std::string& word) { return std::ranges::find(allowed, word) != allowed.end(); });
}

std::string quantization_in_name(std::string_view name) {
  constexpr std::array<std::string_view, 10> kContainers{"gguf", "ggml", "hf",   "safetensors", "imatrix",
                                                         "i1",   "mlx",  "onnx", "openvino",    "qat"};
  std::string found;
  for (const std::string& word : split(lower(last_segment(name)), "-: @,+."))
    if (is_packing(word) && !one_of(word, kContainers)) found = word;
  if (found.starts_with('q') || found.starts_with("iq"))
    for (char& c : found)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return found;
}

std::string search_words(std::string_view text) {
  Words words;
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) split_letters_from_digits(word, words);
    word.clear();
  };
  for (const char c : lower(text)) {
    if (is_letter(c) || is_digit(c)) {
      word += c;
    } else {
      finish();
    }
  }
  finish();
  return fmt::format("{}", fmt::join(words, " "));
}

}  // namespace zubr::catalog
