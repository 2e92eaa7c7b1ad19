#include "models/blobs/journal.h"

#include <charconv>

namespace zubr::models {
namespace {

constexpr std::string_view kFirstLine = "zubr-partial 1";

bool read_number(std::string_view& text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool read_line(std::string_view line, Journal& journal) {
  if (line.starts_with("size ")) {
    std::uint64_t size = 0;
    line.remove_prefix(5);
    if (!read_number(line, size) || !line.empty()) return false;
    journal.size = size;
    return true;
  }
  if (line.starts_with("validator ")) {
    journal.validator = line.substr(10);
    return true;
  }
  if (!line.starts_with("done ")) return false;
  line.remove_prefix(5);
  Span span;
  if (!read_number(line, span.first) || !line.starts_with(' ')) return false;
  line.remove_prefix(1);
  if (!read_number(line, span.end) || !line.empty() || span.first >= span.end) return false;
  if (journal.size && span.end > *journal.size) return false;
  journal.done.add(span);
  return true;
}

}  // namespace

std::string journal_text(const Journal& journal) {
  std::string text(kFirstLine);
  text += '\n';
  if (journal.size) text += fmt::format("size {}\n", *journal.size);
  if (!journal.validator.empty()) text += fmt::format("validator {}\n", journal.validator);
  for (const Span& span : journal.done.spans()) text += fmt::format("done {} {}\n", span.first, span.end);
  return text + "end\n";
}

Result<Journal> parse_journal(std::string_view text) {
  Journal journal;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) break;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (number == 1 && line != kFirstLine) break;
    if (number > 1 && line == "end") {
      if (!text.empty()) break;
      return journal;
    }
    if (number > 1 && !read_line(line, journal)) break;
  }
  return fail(ErrorCode::kCorrupt, "the record of a partial download cannot be read");
}

}  // namespace zubr::models
