#include "models/modelfile/go_syntax.h"

#include <algorithm>
#include <span>

namespace zubr::models {
namespace {

constexpr std::size_t kMaxBytes = 256 << 10;
constexpr int kMaxDepth = 40;
constexpr std::string_view kBlanks = " \t\r\n";
constexpr std::string_view kFunctions[] = {"eq",  "ne",  "lt",    "le",    "gt",   "ge",    "and",        "or",
                                           "not", "len", "index", "slice", "json", "print", "currentDate"};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Words of an action: "if", ".Role", "$i", "\"user\"", ":=", "(", …
Result<std::vector<std::string>> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (kBlanks.find(c) != std::string_view::npos) {
      ++at;
      continue;
    }
    std::size_t end = at + 1;
    if (c == '"' || c == '`') {
      while (end < text.size() && text[end] != c) end += c == '"' && text[end] == '\\' ? 2 : 1;
      if (end >= text.size()) return fail(ErrorCode::kInvalidArgument, "the template has a text that never ends");
      ++end;
    } else if (c == ':' && text.substr(at).starts_with(":=")) {
      ++end;
    } else if (is_letter(c) || is_digit(c) || c == '$' || c == '.' || c == '-') {
      while (end < text.size() && (is_letter(text[end]) || is_digit(text[end]) || text[end] == '.')) ++end;
    } else if (std::string_view("()|=,").find(c) == std::string_view::npos) {
      return fail(ErrorCode::kUnsupported, "the template has '{}' in an action", c);
    }
    words.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

Result<std::string> unescaped(std::string_view word) {
  if (word.front() == '`') return std::string(word.substr(1, word.size() - 2));
  std::string text;
  for (std::size_t i = 1; i + 1 < word.size(); ++i) {
    if (word[i] != '\\') {
      text += word[i];
      continue;
    }
    const char c = word[++i];
    constexpr std::string_view kNames = "nrt\"\\'", kValues = "\n\r\t\"\\'";
    const std::size_t which = kNames.find(c);
    if (which == std::string_view::npos) return fail(ErrorCode::kUnsupported, "the template has \\{} in a text", c);
    text += kValues[which];
  }
  return text;
}

// An expression out of words.
class Expressions {
 public:
  explicit Expressions(std::span<const std::string> words) : words_(words) {}

  Result<GoExpr> whole() {
    ZUBR_TRY(expression, pipeline(0));
    if (at_ != words_.size())
      return fail(ErrorCode::kInvalidArgument, "the template has '{}' where nothing can stand", words_[at_]);
    return expression;
  }

 private:
  bool done() const { return at_ == words_.size(); }

  Result<GoExpr> pipeline(int depth) {
    ZUBR_TRY(value, command(depth));
    for (int length = 0; !done() && words_[at_] == "|"; ++length) {
      if (length > kMaxDepth) return fail(ErrorCode::kUnsupported, "the template has over {} | in a row", kMaxDepth);
      ++at_;
      ZUBR_TRY(next, command(depth));
      if (next.kind != GoExpr::Kind::kCall)
        return fail(ErrorCode::kInvalidArgument, "the template has | before no function");
      next.arguments.push_back(std::move(value));
      value = std::move(next);
    }
    return value;
  }

  Result<GoExpr> command(int depth) {
    if (depth > kMaxDepth) return fail(ErrorCode::kUnsupported, "the template is nested over {} deep", kMaxDepth);
    if (done()) return fail(ErrorCode::kInvalidArgument, "the template has an action without a value");
    const bool function = std::ranges::find(kFunctions, words_[at_]) != std::end(kFunctions);
    if (!function) return operand(depth);
    GoExpr call{GoExpr::Kind::kCall, words_[at_++], {}};
    while (!done() && words_[at_] != ")" && words_[at_] != "|") {
      ZUBR_TRY(argument, operand(depth + 1));
      call.arguments.push_back(std::move(argument));
    }
    return call;
  }

  Result<GoExpr> operand(int depth) {
    const std::string& word = words_[at_++];
    if (word == "(") {
      ZUBR_TRY(inner, pipeline(depth + 1));
      if (done() || !words_[at_].starts_with(')'))
        return fail(ErrorCode::kInvalidArgument, "the template has a '(' without ')'");
      ++at_;
      if (!done() && words_[at_].starts_with('.') && words_[at_].size() > 1 && words_[at_ - 1] == ")")
        return fail(ErrorCode::kUnsupported, "the template has a field of an expression in brackets");
      return inner;
    }
    if (word.front() == '"' || word.front() == '`') {
      ZUBR_TRY(text, unescaped(word));
      return GoExpr{GoExpr::Kind::kText, std::move(text), {}};
    }
    if (is_digit(word.front()) || word.front() == '-') {
      const bool whole =
          std::all_of(word.begin() + (word.front() == '-'), word.end(), is_digit) && word != "-" && word.size() < 10;
      if (!whole) return fail(ErrorCode::kUnsupported, "the template has '{}', which is no whole number", word);
      return GoExpr{GoExpr::Kind::kNumber, word, {}};
    }
    if (word == "true" || word == "false" || word == "nil") return GoExpr{GoExpr::Kind::kConstant, word, {}};
    if (std::ranges::find(kFunctions, word) != std::end(kFunctions)) return GoExpr{GoExpr::Kind::kCall, word, {}};
    if (word.front() == '.' || word.front() == '$') return fields(word);
    return fail(ErrorCode::kUnsupported, "the template uses '{}', which is not known here", word);
  }

  // ".Message.Role", "$.Messages", "$m.Content"
  static Result<GoExpr> fields(const std::string& word) {
    std::size_t at = std::min(word.find('.'), word.size());
    GoExpr value = word.front() == '$' ? GoExpr{GoExpr::Kind::kVariable, word.substr(0, at), {}} : GoExpr{};
    if (word == ".") return value;
    if (std::count(word.begin(), word.end(), '.') > kMaxDepth)
      return fail(ErrorCode::kUnsupported, "the template has over {} fields in a row", kMaxDepth);
    while (at < word.size()) {
      const std::size_t end = std::min(word.find('.', at + 1), word.size());
      if (end == at + 1) return fail(ErrorCode::kInvalidArgument, "the template has '{}', which is no field", word);
      GoExpr outer{GoExpr::Kind::kField, word.substr(at + 1, end - at - 1), {}};
      outer.arguments.push_back(std::move(value));
      value = std::move(outer);
      at = end;
    }
    return value;
  }

  std::span<const std::string> words_;
  std::size_t at_ = 0;
};

// Text and actions, one after the other.
struct Piece {
  bool action = false;
  std::string text;
};

Result<std::vector<Piece>> pieces_of(std::string_view text) {
  std::vector<Piece> pieces;
  bool trim_next = false;
  while (!text.empty()) {
    const std::size_t open = std::min(text.find("{{"), text.size());
    std::string plain(text.substr(0, open));
    if (trim_next) plain.erase(0, std::min(plain.find_first_not_of(kBlanks), plain.size()));
    text.remove_prefix(open);
    trim_next = false;
    if (text.empty()) {
      if (!plain.empty()) pieces.push_back({false, std::move(plain)});
      break;
    }
    text.remove_prefix(2);
    const bool trims = text.starts_with('-') && text.size() > 1 && kBlanks.find(text[1]) != std::string_view::npos;
    if (trims) {
      plain.resize(plain.find_last_not_of(kBlanks) + 1);
      text.remove_prefix(1);
    }
    if (!plain.empty()) pieces.push_back({false, std::move(plain)});
    std::size_t close = 0;
    for (char quote = 0; close < text.size(); ++close) {
      const char c = text[close];
      if (quote == 0 && text.substr(close).starts_with("}}")) break;
      if (quote == '"' && c == '\\')
        ++close;
      else if (quote == 0 && (c == '"' || c == '`'))
        quote = c;
      else if (c == quote)
        quote = 0;
    }
    if (close >= text.size()) return fail(ErrorCode::kInvalidArgument, "the template has a {{{{ without }}}}");
    std::string_view action = text.substr(0, close);
    text.remove_prefix(close + 2);
    if (action.ends_with('-') && action.size() > 1 &&
        kBlanks.find(action[action.size() - 2]) != std::string_view::npos) {
      trim_next = true;
      action.remove_suffix(1);
    }
    const std::size_t first = action.find_first_not_of(kBlanks);
    if (first != std::string_view::npos && action.substr(first).starts_with("/*")) continue;
    pieces.push_back({true, std::string(action)});
  }
  return pieces;
}

class Parser {
 public:
  explicit Parser(std::vector<Piece> pieces) : pieces_(std::move(pieces)) {}

  Result<std::vector<GoNode>> whole() {
    ZUBR_TRY(nodes, list(0));
    if (at_ != pieces_.size()) return fail(ErrorCode::kInvalidArgument, "the template has an end or else too many");
    return nodes;
  }

 private:
  // Up to an end or else, which stays to be read.
  Result<std::vector<GoNode>> list(int depth) {
    if (depth > kMaxDepth) return fail(ErrorCode::kUnsupported, "the template is nested over {} deep", kMaxDepth);
    std::vector<GoNode> nodes;
    for (; at_ < pieces_.size(); ++at_) {
      if (!pieces_[at_].action) {
        nodes.push_back({.text = pieces_[at_].text});
        continue;
      }
      ZUBR_TRY(words, words_of(pieces_[at_].text));
      if (words.empty()) return fail(ErrorCode::kInvalidArgument, "the template has an action without a value");
      if (words.front() == "end" || words.front() == "else") return nodes;
      ZUBR_TRY(node, action(words, depth));
      nodes.push_back(std::move(node));
    }
    return nodes;
  }

  Result<GoNode> action(std::span<const std::string> words, int depth) {
    if (words.front() == "if" || words.front() == "range" || words.front() == "with") return block(words, depth);
    GoNode node{.kind = GoNode::Kind::kOutput};
    if (words.size() > 2 && words[0].starts_with('$') && (words[1] == ":=" || words[1] == "=")) {
      node.kind = GoNode::Kind::kSet;
      node.text = words[0];
      words = words.subspan(2);
    }
    for (const std::string_view known : {"break", "continue", "define", "template", "block"})
      if (words.front() == known)
        return fail(ErrorCode::kUnsupported, "the template uses '{}', which is not known here", known);
    ZUBR_TRY(expression, Expressions(words).whole());
    node.expression = std::move(expression);
    return node;
  }

  Result<GoNode> block(std::span<const std::string> words, int depth) {
    GoNode node{.kind = words[0] == "if"      ? GoNode::Kind::kIf
                        : words[0] == "range" ? GoNode::Kind::kRange
                                              : GoNode::Kind::kWith};
    words = words.subspan(1);
    if (node.kind == GoNode::Kind::kRange && words.size() > 4 && words[1] == "," && words[3] == ":=") {
      node.index = words[0];
      node.value = words[2];
      words = words.subspan(4);
    } else if (words.size() > 2 && words[1] == ":=") {
      node.value = words[0];
      words = words.subspan(2);
    }
    ZUBR_TRY(expression, Expressions(words).whole());
    node.expression = std::move(expression);
    ++at_;
    ZUBR_TRY(body, list(depth + 1));
    node.body = std::move(body);
    ZUBR_TRY(closing, closing_words());
    if (closing.front() == "end") return node;
    if (closing.size() > 1 && closing[1] != "if" && closing[1] != "with")
      return fail(ErrorCode::kInvalidArgument, "the template has 'else {}'", closing[1]);
    if (closing.size() > 1) {  // else if: an if of its own that shares our end
      ZUBR_TRY(inner, block(std::span(closing).subspan(1), depth + 1));
      node.otherwise.push_back(std::move(inner));
      return node;
    }
    ++at_;
    ZUBR_TRY(otherwise, list(depth + 1));
    node.otherwise = std::move(otherwise);
    ZUBR_TRY(last, closing_words());
    if (last.front() != "end") return fail(ErrorCode::kInvalidArgument, "the template has an else too many");
    return node;
  }

  Result<std::vector<std::string>> closing_words() {
    if (at_ == pieces_.size())
      return fail(ErrorCode::kInvalidArgument, "the template has an if, range or with without end");
    return words_of(pieces_[at_].text);
  }

  std::vector<Piece> pieces_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::vector<GoNode>> parse_go_template(std::string_view text) {
  if (text.size() > kMaxBytes)
    return fail(ErrorCode::kUnsupported, "a chat template has at most {} bytes; this one has {}", kMaxBytes,
                text.size());
  ZUBR_TRY(pieces, pieces_of(text));
  return Parser(std::move(pieces)).whole();
}

}  // namespace zubr::models
