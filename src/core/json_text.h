// JSON for people and scripts: what --json, --report and the catalog's answers over HTTP are. Pure; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace zubr::core {

// A value of a JSON tree; objects keep their order.
struct Json;
using JsonMember = std::pair<std::string, Json>;

struct Json {
  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, std::vector<Json>, std::vector<JsonMember>>
      value;

  Json(std::nullptr_t) : value(nullptr) {}                   // NOLINT: values convert
  Json(bool b) : value(b) {}                                 // NOLINT
  Json(int n) : value(std::int64_t{n}) {}                    // NOLINT
  Json(std::int64_t n) : value(n) {}                         // NOLINT
  Json(double n) : value(n) {}                               // NOLINT
  Json(std::string text) : value(std::move(text)) {}         // NOLINT
  Json(std::string_view text) : value(std::string(text)) {}  // NOLINT
  Json(const char* text) : value(std::string(text)) {}       // NOLINT
  static Json array(std::vector<Json> items);
  static Json object(std::vector<JsonMember> members);
};

// Indented by two spaces, with a newline at the end. Numbers that are not finite become null, bytes that are not UTF-8
// become U+FFFD.
std::string json_text(const Json& json);

}  // namespace zubr::core
