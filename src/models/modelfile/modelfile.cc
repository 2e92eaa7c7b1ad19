#include "models/modelfile/modelfile.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/nearest.h"
#include "core/utf8.h"

namespace zubr::models {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kTriple = "\"\"\"";
const std::vector<std::string> kInstructions = {"FROM",    "PARAMETER", "TEMPLATE", "SYSTEM",
                                                "ADAPTER", "LICENSE",   "MESSAGE",  "REQUIRES"};

std::string capitals(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  return result;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string plain_lines(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    while (c == '\n' && result.ends_with('\r')) result.pop_back();
    result += c;
  }
  while (result.ends_with('\r')) result.pop_back();
  return result;
}

// Where a closing `quote` stands that has nothing but blanks behind it on its line.
std::size_t find_end(std::string_view text, std::string_view quote) {
  for (std::size_t at = text.find(quote); at != std::string_view::npos; at = text.find(quote, at + 1)) {
    const std::size_t behind = text.find_first_not_of(kBlanks, at + quote.size());
    if (behind == std::string_view::npos || text[behind] == '\n') return at;
  }
  return std::string_view::npos;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<Modelfile> read() {
    while (skip_to_instruction()) ZUBR_CHECK(instruction());
    return std::move(file_);
  }

 private:
  template <typename... Arguments>
  tl::unexpected<Error> refuse(int line, fmt::format_string<Arguments...> what, Arguments&&... arguments) const {
    return fail(ErrorCode::kInvalidArgument, "Modelfile, line {}: {}", line,
                message(what, std::forward<Arguments>(arguments)...));
  }

  void skip_blanks() { at_ = std::min(text_.find_first_not_of(kBlanks, at_), text_.size()); }
  std::size_t line_end() const { return std::min(text_.find('\n', at_), text_.size()); }
  void go_to(std::size_t at) {
    line_ += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         text_.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
    at_ = at;
  }

  bool skip_to_instruction() {
    for (; at_ < text_.size(); go_to(std::min(line_end() + 1, text_.size()))) {
      skip_blanks();
      if (at_ < text_.size() && text_[at_] != '#' && text_[at_] != '\n') return true;
    }
    return false;
  }

  std::string_view word() {
    skip_blanks();
    const std::size_t end = std::min(text_.find_first_of(" \t\n", at_), text_.size());
    const std::string_view found = text_.substr(at_, end - at_);
    at_ = end;
    return found;
  }

  Result<std::string> value(const std::string& instruction) {
    skip_blanks();
    const std::string_view rest = text_.substr(at_);
    const std::string_view quote = rest.starts_with(kTriple) ? kTriple : rest.substr(0, rest.starts_with('"') ? 1 : 0);
    if (quote.empty()) {
      const std::string found(trimmed(rest.substr(0, line_end() - at_)));
      if (found.empty()) return refuse(line_, "{} has no value", instruction);
      at_ = line_end();
      return found;
    }
    const std::size_t end = find_end(rest.substr(quote.size()), quote);
    if (end == std::string_view::npos)
      return refuse(line_, "the quote that begins here is never closed at the end of a line");
    std::string found(rest.substr(quote.size(), end));
    go_to(at_ + end + 2 * quote.size());
    at_ = line_end();
    return found;
  }

  Result<void> instruction() {
    const int line = line_;
    const std::string_view written = word();
    const std::string name = capitals(written);
    if (std::ranges::find(kInstructions, name) == kInstructions.end()) {
      const auto near = core::nearest(name, kInstructions);
      return refuse(line, "'{}' is no instruction{}; there are {}", written.substr(0, 60),
                    near ? message(", did you mean {}?", *near) : std::string(), fmt::join(kInstructions, ", "));
    }
    if (name == "PARAMETER" || name == "MESSAGE") return pair(name, line);
    ZUBR_TRY(text, value(name));
    if (name == "FROM") file_.from.push_back(std::move(text));
    if (name == "TEMPLATE") file_.chat_template = std::move(text);
    if (name == "SYSTEM") file_.system = std::move(text);
    if (name == "ADAPTER") file_.adapters.push_back(std::move(text));
    if (name == "LICENSE") file_.licenses.push_back(std::move(text));
    if (name == "REQUIRES") file_.needs_version = std::move(text);
    return {};
  }

  Result<void> pair(const std::string& name, int line) {
    const std::string first(word());
    if (first.empty()) return refuse(line, "{} has no value", name);
    ZUBR_TRY(text, value(name + " " + first));
    if (name == "PARAMETER") {
      std::string small = first;
      std::ranges::transform(small, small.begin(),
                             [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      file_.parameters.emplace_back(std::move(small), std::move(text));
      return {};
    }
    if (first != "system" && first != "user" && first != "assistant")
      return refuse(line, "'{}' is no role of a message; there are system, user and assistant", first.substr(0, 60));
    file_.messages.push_back({first, std::move(text)});
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  Modelfile file_;
};

Result<std::string> written(const std::string& value) {
  const bool plain = !value.empty() && value.find('\n') == std::string::npos && !value.starts_with('"') &&
                     trimmed(value) == value && !value.ends_with('\r');
  if (plain) return value;
  for (const std::string_view quote : {kTriple, std::string_view("\"")}) {
    const std::string all = value + std::string(quote);
    // A value that begins with quotes would lengthen a single one.
    if (quote.size() == 1 && value.starts_with("\"\"")) continue;
    if (find_end(all, quote) == value.size() && value.find("\r\n") == std::string::npos)
      return fmt::format("{}{}{}", quote, value, quote);
  }
  return fail(ErrorCode::kInvalidArgument,
              "a Modelfile cannot say a text that has \"\"\" or a carriage return at the end of a line: {}",
              value.substr(0, 80));
}

}  // namespace

Result<Modelfile> parse_modelfile(std::string_view text) {
  if (text.size() > kMaxModelfileBytes)
    return fail(ErrorCode::kTooLarge, "a Modelfile has at most {} bytes; this one has {}", kMaxModelfileBytes,
                text.size());
  if (!core::utf8_valid(text) || text.find('\0') != std::string_view::npos)
    return fail(ErrorCode::kInvalidArgument,
                "the Modelfile is no UTF-8 text; convert it first, for example with iconv");
  const std::string lines = plain_lines(text);
  return Reader(lines).read();
}

Result<std::string> modelfile_text(const Modelfile& file) {
  std::string text;
  const auto add = [&text](std::string_view what, const std::string& value) -> Result<void> {
    ZUBR_TRY(quoted, written(value));
    text += fmt::format("{} {}\n", what, quoted);
    return {};
  };
  for (const std::string& from : file.from) ZUBR_CHECK(add("FROM", from));
  if (!file.chat_template.empty()) ZUBR_CHECK(add("TEMPLATE", file.chat_template));
  if (!file.system.empty()) ZUBR_CHECK(add("SYSTEM", file.system));
  for (const auto& [name, value] : file.parameters) ZUBR_CHECK(add("PARAMETER " + name, value));
  for (const std::string& adapter : file.adapters) ZUBR_CHECK(add("ADAPTER", adapter));
  for (const ModelfileMessage& one : file.messages) ZUBR_CHECK(add("MESSAGE " + one.role, one.content));
  if (!file.needs_version.empty()) ZUBR_CHECK(add("REQUIRES", file.needs_version));
  for (const std::string& license : file.licenses) ZUBR_CHECK(add("LICENSE", license));
  return text;
}

}  // namespace zubr::models
