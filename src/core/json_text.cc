#include "core/json_text.h"

#include <fmt/format.h>

#include <cmath>

#include "core/utf8.h"

namespace zubr::core {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : utf8_replace(text)) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < ' ') {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
  return out + '"';
}

class Writer {
 public:
  void operator()(std::nullptr_t) { out += "null"; }
  void operator()(bool value) { out += value ? "true" : "false"; }
  void operator()(std::int64_t value) { out += std::to_string(value); }
  void operator()(double value) { out += std::isfinite(value) ? fmt::format("{}", value) : "null"; }
  void operator()(const std::string& value) { out += quoted(value); }
  void operator()(const std::vector<Json>& items) {
    write_all('[', ']', items, [this](const Json& item) { std::visit(*this, item.value); });
  }
  void operator()(const std::vector<JsonMember>& members) {
    write_all('{', '}', members, [this](const JsonMember& member) {
      out += quoted(member.first) + ": ";
      std::visit(*this, member.second.value);
    });
  }

  std::string out;

 private:
  template <typename Items, typename WriteItem>
  void write_all(char open, char close, const Items& items, WriteItem write_item) {
    out += open;
    ++depth_;
    bool first = true;
    for (const auto& item : items) {
      if (!first) out += ',';
      first = false;
      new_line();
      write_item(item);
    }
    --depth_;
    if (!items.empty()) new_line();
    out += close;
  }
  void new_line() { out.append(1, '\n').append(depth_ * 2, ' '); }

  std::size_t depth_ = 0;
};

}  // namespace

Json Json::array(std::vector<Json> items) {
  Json json(nullptr);
  json.value = std::move(items);
  return json;
}

Json Json::object(std::vector<JsonMember> members) {
  Json json(nullptr);
  json.value = std::move(members);
  return json;
}

std::string json_text(const Json& json) {
  Writer writer;
  std::visit([&writer](const auto& value) { writer(value); }, json.value);
  return writer.out + "\n";
}

}  // namespace zubr::core
