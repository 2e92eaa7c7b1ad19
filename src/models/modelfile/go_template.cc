#include "models/modelfile/go_template.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include "models/modelfile/go_syntax.h"

namespace zubr::models {
namespace {

// What a Go expression is in Jinja. `absent`: always empty, so that what depends on it need not be understood.
struct Value {
  enum class Kind { kAny, kRoot, kMessages, kMessage };
  std::string text;
  Kind kind = Kind::kAny;
  bool absent = false;
};

std::string quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text) {
    switch (c) {
      case '\n': result += "\\n"; break;
      case '\r': result += "\\r"; break;
      case '\t': result += "\\t"; break;
      case '\'': result += "\\'"; break;
      case '\\': result += "\\\\"; break;
      default: result += c;
    }
  }
  return result + "'";
}

bool mentions(const GoExpr& expression, std::string_view field) {
  return (expression.kind == GoExpr::Kind::kField && expression.text == field) ||
         std::ranges::any_of(expression.arguments, [&](const GoExpr& inner) { return mentions(inner, field); });
}

bool mentions(const std::vector<GoNode>& nodes, std::string_view field) {
  return std::ranges::any_of(nodes, [&](const GoNode& node) {
    return mentions(node.expression, field) || mentions(node.body, field) || mentions(node.otherwise, field);
  });
}

class Translator {
 public:
  // `cut`: leave out what stands behind .Response.
  Translator(bool walks_messages, bool cut) : walks_(walks_messages), cut_(cut) {
    scopes_["$"] = dots_.emplace_back(Value{"", Value::Kind::kRoot});
  }

  Result<std::string> translate(const std::vector<GoNode>& nodes) {
    ZUBR_CHECK(list(nodes));
    return std::move(out_);
  }

 private:
  Result<void> list(const std::vector<GoNode>& nodes) {
    for (const GoNode& node : nodes) {
      if (cut_ && response_seen_) return {};
      ZUBR_CHECK(one(node));
    }
    return {};
  }

  Result<void> one(const GoNode& node) {
    if (node.kind == GoNode::Kind::kText) {
      out_ += "{{- " + quoted(node.text) + " -}}";
      return {};
    }
    ZUBR_TRY(value, expression(node.expression));
    switch (node.kind) {
      case GoNode::Kind::kOutput:
        if (!value.absent) out_ += "{{- " + value.text + " -}}";
        return {};
      case GoNode::Kind::kSet: {
        Value variable{"ns." + node.text.substr(1), value.kind};
        out_ += "{%- set " + variable.text + " = " + value.text + " -%}";
        scopes_[node.text] = variable;
        return {};
      }
      case GoNode::Kind::kRange: return range(node, value);
      default: return branch(node, value);
    }
  }

  Result<void> branch(const GoNode& node, const Value& value) {
    if (value.absent) return list(node.otherwise);
    out_ += "{%- if " + value.text + " -%}";
    const bool with = node.kind == GoNode::Kind::kWith;
    if (with) dots_.push_back(value);
    if (!node.value.empty()) scopes_[node.value] = value;
    ZUBR_CHECK(list(node.body));
    if (with) dots_.pop_back();
    if (!node.otherwise.empty()) {
      out_ += "{%- else -%}";
      ZUBR_CHECK(list(node.otherwise));
    }
    out_ += "{%- endif -%}";
    return {};
  }

  Result<void> range(const GoNode& node, const Value& value) {
    if (value.absent) return list(node.otherwise);
    const std::string item = "d" + std::to_string(++loops_), index = "i" + std::to_string(loops_);
    out_ += "{%- for " + item + " in " + value.text + " -%}{%- set " + index + " = loop.index0 -%}";
    dots_.push_back({item, value.kind == Value::Kind::kMessages ? Value::Kind::kMessage : Value::Kind::kAny});
    if (!node.value.empty()) scopes_[node.value] = dots_.back();
    if (!node.index.empty()) scopes_[node.index] = {index};
    ZUBR_CHECK(list(node.body));
    dots_.pop_back();
    if (!node.otherwise.empty()) {
      out_ += "{%- else -%}";
      ZUBR_CHECK(list(node.otherwise));
    }
    out_ += "{%- endfor -%}";
    return {};
  }

  Result<Value> expression(const GoExpr& from) {
    switch (from.kind) {
      case GoExpr::Kind::kDot: return dots_.back();
      case GoExpr::Kind::kText: return Value{quoted(from.text)};
      case GoExpr::Kind::kNumber: return Value{from.text};
      case GoExpr::Kind::kConstant: return Value{from.text == "nil" ? "none" : from.text, {}, from.text != "true"};
      case GoExpr::Kind::kVariable: {
        const auto known = scopes_.find(from.text);
        if (known == scopes_.end())
          return fail(ErrorCode::kInvalidArgument, "the template has no variable {}", from.text);
        return known->second;
      }
      case GoExpr::Kind::kField: {
        ZUBR_TRY(of, expression(from.arguments.front()));
        return field(of, from.text);
      }
      case GoExpr::Kind::kCall: return call(from);
    }
    return fail(ErrorCode::kUnsupported, "the template has an unknown expression");
  }

  Result<Value> field(const Value& of, const std::string& name) {
    const Value absent{"''", Value::Kind::kAny, true};
    if (of.absent) return absent;
    const auto is = [&name](std::initializer_list<std::string_view> names) {
      return std::ranges::find(names, name) != names.end();
    };
    if (of.kind == Value::Kind::kMessage) {
      if (is({"Role", "Content"})) return Value{of.text + (name == "Role" ? ".role" : ".content")};
      if (is({"ToolCalls", "Thinking", "Images", "ToolName", "ToolCallID"})) return absent;
    }
    if (of.kind == Value::Kind::kRoot) {
      if (name == "System") return Value{"ns.system"};
      if (name == "Messages") return Value{"messages", Value::Kind::kMessages};
      if (name == "Response" && !walks_) response_seen_ = true;
      if (is({"Prompt", "Response"})) return walks_ ? absent : Value{name == "Prompt" ? "ns.prompt" : "ns.response"};
      if (is({"Tools", "Suffix", "Think", "ThinkLevel", "IsThinkSet", "First"})) return absent;
    }
    return fail(ErrorCode::kUnsupported, "the template has a field .{}, which is not known here", name);
  }

  Result<Value> call(const GoExpr& from) {
    std::vector<Value> with;
    for (const GoExpr& argument : from.arguments) {
      ZUBR_TRY(value, expression(argument));
      with.push_back(std::move(value));
    }
    const auto needs = [&](std::size_t least, std::size_t most) -> Result<void> {
      if (with.size() >= least && with.size() <= most) return {};
      return fail(ErrorCode::kInvalidArgument, "the template gives '{}' {} values", from.text, with.size());
    };
    if (from.text == "and" || from.text == "or") return all_or_any(from.text, with);
    if (from.text == "currentDate") return Value{"strftime_now('%Y-%m-%d')"};
    if (from.text == "slice") {
      ZUBR_CHECK(needs(1, 3));
      return Value{"(" + with[0].text + "[" + (with.size() > 1 ? with[1].text : "") + ":" +
                       (with.size() > 2 ? with[2].text : "") + "])",
                   with[0].kind, with[0].absent};
    }
    if (from.text == "index") {
      ZUBR_CHECK(needs(2, 2));
      const bool message = with[0].kind == Value::Kind::kMessages;
      return Value{with[0].text + "[" + with[1].text + "]", message ? Value::Kind::kMessage : Value::Kind::kAny,
                   with[0].absent};
    }
    if (from.text == "not" || from.text == "len" || from.text == "json" || from.text == "print") {
      ZUBR_CHECK(needs(1, 1));
      const std::string& text = with[0].text;
      if (from.text == "not") return Value{with[0].absent ? "true" : "(not " + text + ")"};
      if (from.text == "len") return Value{"(" + text + " | length)", Value::Kind::kAny, with[0].absent};
      if (from.text == "json") return Value{"(" + text + " | tojson)"};
      return with[0];
    }
    static const std::map<std::string_view, std::string_view> kCompare = {{"eq", "=="}, {"ne", "!="}, {"lt", "<"},
                                                                          {"le", "<="}, {"gt", ">"},  {"ge", ">="}};
    ZUBR_CHECK(needs(2, from.text == "eq" ? 16 : 2));
    std::string text;
    for (std::size_t i = 1; i < with.size(); ++i)
      text += fmt::format("{}{} {} {}", i > 1 ? " or " : "", with[0].text, kCompare.at(from.text), with[i].text);
    return Value{"(" + text + ")"};
  }

  static Result<Value> all_or_any(const std::string& word, const std::vector<Value>& with) {
    if (with.empty()) return fail(ErrorCode::kInvalidArgument, "the template gives '{}' no values", word);
    const auto absent = [](const Value& value) { return value.absent; };
    const bool none = word == "and" ? std::ranges::any_of(with, absent) : std::ranges::all_of(with, absent);
    std::string text;
    for (const Value& value : with) text += (text.empty() ? "" : " " + word + " ") + value.text;
    return Value{"(" + text + ")", Value::Kind::kAny, none};
  }

  const bool walks_, cut_;
  bool response_seen_ = false;
  int loops_ = 0;
  std::vector<Value> dots_;
  std::map<std::string, Value> scopes_;
  std::string out_;
};

constexpr std::string_view kJoinSystem =
    "{%- set ns = namespace(system='') -%}{%- for m in messages -%}{%- if m.role == 'system' -%}"
    "{%- set ns.system = ns.system + ('\\n\\n' if ns.system else '') + m.content -%}{%- endif -%}{%- endfor -%}";

// One turn after the other: a turn is written when the next one begins.
constexpr std::string_view kTurnsBegin =
    "{%- set ns = namespace(system='', prompt='', response='') -%}{%- for m in messages -%}"
    "{%- if (m.role == 'system' and (ns.prompt or ns.response)) or (m.role == 'user' and ns.response) -%}";
constexpr std::string_view kTurnsEnd =
    "{%- set ns.system = '' -%}{%- set ns.prompt = '' -%}{%- set ns.response = '' -%}{%- endif -%}"
    "{%- if m.role == 'system' -%}{%- set ns.system = m.content -%}{%- elif m.role == 'user' -%}"
    "{%- set ns.prompt = m.content -%}{%- elif m.role == 'assistant' -%}{%- set ns.response = m.content -%}{%- endif "
    "-%}"
    "{%- endfor -%}";

}  // namespace

bool looks_like_go_template(std::string_view text) {
  if (text.find("{%") != std::string_view::npos) return false;
  for (std::size_t open = text.find("{{"); open != std::string_view::npos; open = text.find("{{", open + 2)) {
    const std::string_view action = text.substr(open + 2, text.find("}}", open) - open - 2);
    for (const std::string_view field : {" .", "$.", "{.", "(.", "-."})
      if (action.find(field) != std::string_view::npos || action.starts_with('.')) return true;
  }
  return false;
}

Result<std::string> jinja_of_go_template(std::string_view text) {
  ZUBR_TRY(nodes, parse_go_template(text));
  if (mentions(nodes, "Messages")) {
    ZUBR_TRY(body, Translator(true, false).translate(nodes));
    return std::string(kJoinSystem) + body;
  }
  if (!mentions(nodes, "Prompt"))
    return fail(ErrorCode::kInvalidArgument, "the template uses neither .Messages nor .Prompt");
  if (!mentions(nodes, "Response"))
    nodes.push_back({.kind = GoNode::Kind::kOutput, .expression = {GoExpr::Kind::kField, "Response", {GoExpr{}}}});
  ZUBR_TRY(turn, Translator(false, false).translate(nodes));
  ZUBR_TRY(last, Translator(false, true).translate(nodes));
  return std::string(kTurnsBegin) + turn + std::string(kTurnsEnd) + last;
}

}  // namespace zubr::models
