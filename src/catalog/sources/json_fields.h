// Reading JSON that somebody else wrote: a member that is missing or of another type is simply not there. Only for
// .cc files of this module.
#pragma once

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/money.h"
#include "core/result.h"

namespace zubr::catalog {

// kCorrupt, naming `what` and where it broke.
Result<boost::json::value> parse_json(std::string_view text, std::string_view what);

const boost::json::value* member(const boost::json::object& object, std::string_view name);
const boost::json::object* object_at(const boost::json::object& object, std::string_view name);
const boost::json::array* array_at(const boost::json::object& object, std::string_view name);
// At most 4 KiB, of valid UTF-8.
std::string text_at(const boost::json::object& object, std::string_view name);
std::vector<std::string> texts_at(const boost::json::object& object, std::string_view name);
// Whole and not below zero; a number with a fraction of zero counts.
std::optional<std::int64_t> count_at(const boost::json::object& object, std::string_view name);
std::optional<double> number_at(const boost::json::object& object, std::string_view name);
std::optional<bool> flag_at(const boost::json::object& object, std::string_view name);
// Text or number, of dollars; below zero means "varies" and is not there.
std::optional<core::PicoDollars> dollars_at(const boost::json::object& object, std::string_view name);
std::optional<core::PicoDollars> dollars_per_million_at(const boost::json::object& object, std::string_view name);
// The day of an ISO 8601 time: "2026-05-04".
std::string date_at(const boost::json::object& object, std::string_view name);
bool is_date(std::string_view text);
// The day of seconds since 1970; empty for what is no time of a model.
std::string date_of_seconds(std::int64_t seconds);

}  // namespace zubr::catalog
