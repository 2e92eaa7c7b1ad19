#include "providers/wire/json_reading.h"

#include <cmath>

namespace zubr::providers {
namespace json = boost::json;
namespace {

const json::value* member(const json::object& object, std::string_view name) {
  return object.if_contains({name.data(), name.size()});
}

}  // namespace

UpstreamResult<json::object> read_object(std::string_view text) {
  json::error_code problem;
  json::value value = json::parse({text.data(), text.size()}, problem);
  if (problem) return upstream_fail(Fault::kNotUnderstood, message("the answer is no JSON"));
  if (!value.is_object()) return upstream_fail(Fault::kNotUnderstood, message("the answer is no JSON object"));
  return std::move(value.get_object());
}

UpstreamResult<json::value> read_own_json(const std::string& text, std::string_view what) {
  json::error_code problem;
  json::value value = json::parse(text, problem);
  if (problem) return upstream_fail(Fault::kBadRequest, message("{} is no JSON: {}", what, problem.message()));
  return value;
}

const json::object* object_in(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  return value == nullptr ? nullptr : value->if_object();
}

const json::array* array_in(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  return value == nullptr ? nullptr : value->if_array();
}

std::string text_in(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int64_t count_in(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  if (value == nullptr || !value->is_number()) return 0;
  const double number = value->to_number<double>();
  return number > 0 && number < 1e12 ? static_cast<std::int64_t>(number) : 0;
}

std::optional<double> number_in(const json::object& object, std::string_view name) {
  const json::value* value = member(object, name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  const double number = value->to_number<double>();
  return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<UpstreamError> error_in(const json::object& object, std::string_view whole) {
  const json::value* error = member(object, "error");
  const bool is_error = (error != nullptr && !error->is_null()) || text_in(object, "object") == "error" ||
                        text_in(object, "type") == "error";
  if (!is_error) return std::nullopt;
  const Complaint complaint = read_complaint(200, whole);
  return UpstreamError{.fault = classify(complaint), .said = complaint.text};
}

std::vector<float> vector_of(const json::value* value) {
  constexpr std::size_t kMaxLength = 65'536;
  const json::array* array = value == nullptr ? nullptr : value->if_array();
  std::vector<float> numbers;
  if (array == nullptr || array->size() > kMaxLength) return numbers;
  numbers.reserve(array->size());
  for (const json::value& one : *array) {
    const double number = one.is_number() ? one.to_number<double>() : std::nan("");
    if (!std::isfinite(number)) return {};
    numbers.push_back(static_cast<float>(number));
  }
  return numbers;
}

}  // namespace zubr::providers
