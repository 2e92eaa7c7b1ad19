#include "router/guard/mask.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace zubr::router {
namespace {
constexpr std::size_t kLongestName = 40;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out;
}

}  // namespace

Mask::Mask(const std::vector<std::string_view>& texts) : opening_("[") {
  const auto is_taken = [&](std::string_view text) {
    for (int kind = 0; kind < kSensitiveKinds; ++kind)
      if (text.find(opening_ + std::string(sensitive_name(static_cast<Sensitive>(kind))) + "_") !=
          std::string_view::npos)
        return true;
    return false;
  };
  while (std::ranges::any_of(texts, is_taken)) opening_ += '#';
}

std::string Mask::hide(std::string_view text, unsigned kinds) {
  std::string out;
  std::size_t done = 0;
  for (const Finding& finding : find_sensitive(text)) {
    if ((kinds & (1u << static_cast<unsigned>(finding.kind))) == 0) continue;
    const std::string value(text.substr(finding.begin, finding.end - finding.begin));
    std::string& name = names_[value];
    if (name.empty()) {
      name = fmt::format("{}{}_{}]", opening_, sensitive_name(finding.kind), ++counts_[finding.kind]);
      values_[name] = value;
    }
    out += text.substr(done, finding.begin - done);
    out += name;
    done = finding.end;
  }
  out += text.substr(done);
  return out;
}

std::string Mask::restore(std::string_view text, bool in_json) const {
  Unmasker unmasker(*this, in_json);
  std::string out = unmasker.feed(text);
  return out + unmasker.finish();
}

std::string Unmasker::feed(std::string_view piece) {
  held_ += piece;
  std::string out;
  std::size_t at = 0;
  while (at < held_.size()) {
    const std::size_t open = held_.find('[', at);
    if (open == std::string::npos) break;
    out.append(held_, at, open - at);
    at = open;
    const std::size_t close = held_.find(']', open);
    const std::size_t again = held_.find('[', open + 1);
    if (close == std::string::npos && again == std::string::npos) {
      if (held_.size() - open <= kLongestName) {
        held_.erase(0, open);
        return out;
      }
      break;  // too long for a name
    }
    const std::size_t end = close == std::string::npos || again < close ? again : close + 1;
    const auto name = mask_.values_.find(held_.substr(open, end - open));
    if (name == mask_.values_.end())
      out.append(held_, open, end - open);
    else
      out += in_json_ ? escaped(name->second) : name->second;
    at = end;
  }
  out.append(held_, at, std::string::npos);
  held_.clear();
  return out;
}

std::string Unmasker::finish() { return std::exchange(held_, {}); }

}  // namespace zubr::router
