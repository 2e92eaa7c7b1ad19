#include "catalog/sources/ollama_pages.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "catalog/sources/importers.h"

namespace zubr::catalog {
namespace {

constexpr std::size_t kMaxName = 200;
constexpr std::size_t kMaxTags = 5000;
constexpr std::string_view kPlace = "href=\"/library/";

// Without tags and entities, white space as single blanks.
std::string plain(std::string_view html) {
  std::string text;
  bool inside = false;
  for (const char c : html) {
    if (c == '<') inside = true;
    const bool blank = inside || static_cast<unsigned char>(c) <= ' ';
    if (c == '>') inside = false;
    if (!blank && c != '>') {
      text += c;
    } else if (!text.empty() && text.back() != ' ') {
      text += ' ';
    }
  }
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

// The texts of all elements that have this attribute.
std::vector<std::string> marked(std::string_view html, std::string_view mark) {
  std::vector<std::string> texts;
  for (std::size_t at = html.find(mark); at != std::string_view::npos; at = html.find(mark, at + 1)) {
    const char after = at + mark.size() < html.size() ? html[at + mark.size()] : ' ';
    const std::size_t open = html.find('>', at);
    if (open == std::string_view::npos) break;
    const std::size_t close = std::min(html.find("</", open), html.size());
    if (after == ' ' || after == '>' || after == '=') texts.push_back(plain(html.substr(open + 1, close - open - 1)));
  }
  return texts;
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && std::ranges::all_of(name, [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' ||
           c == '-' || c == ':';
  });
}

struct Measure {
  std::string_view unit;
  double factor;
};

// "4.7GB" → 4,700,000,000 with units; the whole text must be a number and one of them.
template <std::size_t kCount>
std::optional<std::int64_t> measured(std::string_view text, const std::array<Measure, kCount>& measures) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !(value >= 0) || value > 1e9) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const Measure& measure : measures)
    if (unit == measure.unit) return static_cast<std::int64_t>(std::llround(value * measure.factor));
  return std::nullopt;
}

constexpr std::array<Measure, 4> kBytes{{{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}}};
constexpr std::array<Measure, 4> kCounts{{{"", 1}, {"K", 1e3}, {"M", 1e6}, {"B", 1e9}}};

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

// "845dbda0ea48 • 4.7GB • 32K context window • Text, Image input"
OllamaTag tag_of(std::string name, std::string_view html) {
  OllamaTag tag{.name = std::move(name)};
  const std::string text = plain(html);
  const auto words = words_of(text);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const bool hexadecimal = word.size() == 12 && word.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    if (hexadecimal && tag.digest.empty()) tag.digest = word;
    if (tag.bytes == 0) tag.bytes = static_cast<std::uint64_t>(measured(word, kBytes).value_or(0));
    if (!tag.context && i + 1 < words.size() && words[i + 1] == "context") tag.context = measured(word, kCounts);
    if (word == "Image" || word == "Image,") tag.inputs |= kText | kImage;
    if (word == "Text" || word == "Text,") tag.inputs |= kText;
  }
  return tag;
}

// Every tag is on the page twice, for narrow and wide screens.
void take(OllamaTag tag, std::vector<OllamaTag>& tags) {
  const auto known = std::ranges::find(tags, tag.name, &OllamaTag::name);
  if (known == tags.end()) {
    if (tags.size() < kMaxTags) tags.push_back(std::move(tag));
    return;
  }
  if (known->bytes == 0) known->bytes = tag.bytes;
  if (known->digest.empty()) known->digest = tag.digest;
  if (!known->context) known->context = tag.context;
  known->inputs |= tag.inputs;
}

std::string same_as_latest(const OllamaEntry& entry, const std::vector<OllamaTag>& tags) {
  const auto latest = std::ranges::find(tags, entry.name + ":latest", &OllamaTag::name);
  if (latest == tags.end() || latest->digest.empty()) return {};
  const OllamaTag* shortest = nullptr;
  for (const OllamaTag& tag : tags) {
    const bool other = &tag != &*latest && tag.digest == latest->digest;
    if (other && (shortest == nullptr || tag.name.size() < shortest->name.size())) shortest = &tag;
  }
  return shortest != nullptr ? shortest->name : std::string();
}

}  // namespace

Result<std::vector<OllamaEntry>> read_ollama_library(std::string_view html) {
  constexpr std::string_view kEntry = "x-test-model";
  std::vector<OllamaEntry> entries;
  for (std::size_t at = html.find(kEntry); at != std::string_view::npos;) {
    std::size_t end = html.find(kEntry, at + 1);
    // "x-test-model-title" is inside an entry.
    while (end != std::string_view::npos && end + kEntry.size() < html.size() && html[end + kEntry.size()] == '-')
      end = html.find(kEntry, end + 1);
    const std::string_view block = html.substr(at, end == std::string_view::npos ? end : end - at);
    at = end;
    const std::size_t place = block.find(kPlace);
    if (place == std::string_view::npos) continue;
    const std::size_t name_at = place + kPlace.size();
    const std::string_view name = block.substr(name_at, block.find('"', name_at) - name_at);
    const bool known = std::ranges::find(entries, name, &OllamaEntry::name) != entries.end();
    if (!is_name(name) || name.find(':') != std::string_view::npos || known) continue;
    OllamaEntry entry{.name = std::string(name),
                      .capabilities = marked(block, "x-test-capability"),
                      .sizes = marked(block, "x-test-size")};
    if (const auto pulls = marked(block, "x-test-pull-count"); !pulls.empty())
      entry.pulls = measured(pulls.front(), kCounts);
    entries.push_back(std::move(entry));
  }
  if (entries.empty())
    return fail(ErrorCode::kCorrupt, "the page of the Ollama library has no models; its form may have changed");
  return entries;
}

Facts import_ollama_tags(const OllamaEntry& entry, std::string_view html) {
  std::vector<OllamaTag> tags;
  for (std::size_t at = html.find(kPlace); at != std::string_view::npos;) {
    const std::size_t name_at = at + kPlace.size();
    const std::size_t next = html.find(kPlace, name_at);
    const std::size_t quote = html.find('"', name_at);
    if (quote == std::string_view::npos) break;
    const std::string_view name = html.substr(name_at, quote - name_at);
    const std::string_view rest =
        html.substr(quote, next == std::string_view::npos ? next : std::max(next, quote) - quote);
    at = next;
    if (!is_name(name) || !name.starts_with(entry.name + ":")) continue;
    // The rest begins inside the element <a …>.
    take(tag_of(std::string(name), rest.substr(std::min(rest.find('>'), rest.size()))), tags);
  }
  const std::string latest = same_as_latest(entry, tags);
  std::erase_if(tags, [](const OllamaTag& tag) { return tag.bytes == 0; });
  Facts facts;
  add_ollama_models(entry, tags, facts, latest);
  return facts;
}

std::optional<Facts> import_ollama_manifest(const OllamaEntry& entry, std::string_view json) {
  const auto bytes = ollama_manifest_bytes(json);
  if (!bytes || *bytes == 0) return std::nullopt;
  Facts facts;
  add_ollama_models(entry, {{.name = entry.name + ":latest", .bytes = *bytes}}, facts,
                    entry.sizes.size() == 1 ? entry.name + ":" + entry.sizes.front() : std::string());
  return facts;
}

}  // namespace zubr::catalog
