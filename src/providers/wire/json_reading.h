// JSON that a provider wrote: a member that is missing or of another type is simply not there. Only for .cc files of
// this module.
#pragma once

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/money.h"
#include "providers/fault.h"

namespace zubr::providers {

inline tl::unexpected<UpstreamError> upstream_fail(Fault fault, std::string message) {
  return tl::unexpected(UpstreamError{.fault = fault, .message = std::move(message)});
}

// An object; kNotUnderstood, never with what stood there.
UpstreamResult<boost::json::object> read_object(std::string_view text);
// Of the request's own schemas and arguments: kBadRequest, naming `what`.
UpstreamResult<boost::json::value> read_own_json(const std::string& text, std::string_view what);

const boost::json::object* object_in(const boost::json::object& object, std::string_view name);
const boost::json::array* array_in(const boost::json::object& object, std::string_view name);
std::string text_in(const boost::json::object& object, std::string_view name);
std::int64_t count_in(const boost::json::object& object, std::string_view name);  // 0 where there is none
std::optional<double> number_in(const boost::json::object& object, std::string_view name);

// `error` in the answer as an UpstreamError; none where there is no error.
std::optional<UpstreamError> error_in(const boost::json::object& object, std::string_view whole);

// A vector of finite numbers; empty where it is none, or has more than 65,536.
std::vector<float> vector_of(const boost::json::value* value);

}  // namespace zubr::providers
