// Typed reading of a JSON object's fields. Remembers the first thing that is wrong; null counts as absent.
// Includes Boost.JSON, so only .cc files that parse bodies include this.
#pragma once

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/api_error.h"

namespace zubr::server {

// The body as an object; 400 for broken UTF-8, bad JSON, too deep, not an object.
ApiResult<boost::json::object> parse_object(std::string_view body, int max_depth);

class JsonFields {
 public:
  // `path`: what stands before the names in messages, "messages[2]." or "".
  // `error` is shared by the readers of one body; the object must outlive the reader.
  JsonFields(const boost::json::object& object, std::string path, std::optional<ApiError>& error)
      : object_(object), path_(std::move(path)), error_(error) {}

  const boost::json::value* find(std::string_view name) const;  // null when absent or JSON null
  std::optional<bool> boolean(std::string_view name);
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t min, std::int64_t max);
  std::optional<double> number(std::string_view name, double min, double max);
  std::optional<std::string> string(std::string_view name);
  const boost::json::object* object(std::string_view name);
  const boost::json::array* array(std::string_view name);

  void fail(std::string_view name, std::string message, std::string code = "invalid_value");
  std::string path(std::string_view name) const { return path_ + std::string(name); }

 private:
  void wrong_type(std::string_view name, std::string_view expected, const boost::json::value& value);

  const boost::json::object& object_;
  const std::string path_;
  std::optional<ApiError>& error_;
};

}  // namespace zubr::server
