// The header fields of a message, in order, names compared without case (RFC 9110, section 5.1). A plain value.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zubr::net {

bool equal_ignoring_case(std::string_view a, std::string_view b);
// Without spaces and tabs at both ends.
std::string_view trim(std::string_view text);

struct Header {
  std::string name;
  std::string value;
};

class Headers {
 public:
  Headers() = default;
  Headers(std::initializer_list<Header> list) : list_(list) {}

  void add(std::string name, std::string value) { list_.push_back({std::move(name), std::move(value)}); }
  // Replaces every field of that name.
  void set(std::string_view name, std::string value);
  void remove(std::string_view name);

  // The first field of that name.
  std::optional<std::string_view> find(std::string_view name) const;
  std::string_view get(std::string_view name) const { return find(name).value_or(std::string_view{}); }

  auto begin() const { return list_.begin(); }
  auto end() const { return list_.end(); }
  bool empty() const { return list_.empty(); }
  std::size_t size() const { return list_.size(); }

 private:
  std::vector<Header> list_;
};

// Fields that prove who we are: authorization, proxy-authorization, cookie, x-api-key, api-key. They never follow a
// redirect to another origin.
bool is_credential(std::string_view name);

// A field name is a token and a value has no CR, LF or NUL: text from outside cannot add fields of its own.
bool is_valid_field(const Header& header);

}  // namespace zubr::net
