#include "server/classify/classify_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "server/json/json_fields.h"
#include "server/json_text.h"

namespace zubr::server {
namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 12> kFields = {
    "model",       "input",     "labels", "instruction", "prompt_template",   "label_mode", "length_norm",
    "calibration", "tolerance", "top",    "user",        "label_descriptions"};

void read_inputs(JsonFields& fields, ClassifyRequest& request) {
  const json::value* input = fields.find("input");
  if (!input) return fields.fail("input", "'input' is missing", "missing");
  if (const json::string* one = input->if_string()) {
    request.one_input = true;
    request.inputs.emplace_back(one->data(), one->size());
    return;
  }
  const json::array* list = input->if_array();
  if (!list) return fields.fail("input", "'input' must be a string or an array of strings", "invalid_type");
  if (list->empty() || list->size() > kMaxClassifyInputs)
    return fields.fail("input",
                       fmt::format("'input' must hold 1 to {} texts, it holds {}", kMaxClassifyInputs, list->size()));
  for (std::size_t i = 0; i < list->size(); ++i) {
    const json::string* text = (*list)[i].if_string();
    if (!text)
      return fields.fail(fmt::format("input[{}]", i), fmt::format("'input[{}]' must be a string", i), "invalid_type");
    request.inputs.emplace_back(text->data(), text->size());
  }
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

bulk::Label read_label(const json::value& value, const std::string& path, std::optional<ApiError>& error) {
  bulk::Label label;
  if (const json::string* name = value.if_string()) {
    label.name = trimmed(std::string_view(name->data(), name->size()));
  } else if (const json::object* object = value.if_object()) {
    JsonFields fields(*object, path + ".", error);
    label.name = trimmed(fields.string("label").value_or(""));
    label.description = trimmed(fields.string("description").value_or(""));
  } else {
    error = bad_field(path, fmt::format("'{}' must be a string or an object with label and description", path),
                      "invalid_type");
    return label;
  }
  if (!error && label.name.empty()) error = bad_field(path, fmt::format("'{}' is an empty label", path));
  return label;
}

void read_labels(JsonFields& fields, ClassifyRequest& request, std::optional<ApiError>& error) {
  const json::array* list = fields.array("labels");
  if (error) return;
  if (!list) return fields.fail("labels", "'labels' is missing", "missing");
  if (list->empty() || list->size() > kMaxClassifyLabels)
    return fields.fail("labels",
                       fmt::format("'labels' must hold 1 to {} labels, it holds {}", kMaxClassifyLabels, list->size()));
  std::set<std::string> seen;
  for (std::size_t i = 0; i < list->size() && !error; ++i) {
    const std::string path = fmt::format("labels[{}]", i);
    bulk::Label label = read_label((*list)[i], path, error);
    if (error) return;
    if (!seen.insert(label.name).second)
      return fields.fail(path, fmt::format("the label '{}' is there twice", label.name));
    request.options.label_descriptions = request.options.label_descriptions || !label.description.empty();
    request.options.labels.push_back(std::move(label));
  }
}

// One of `names`; its index.
std::size_t read_choice(JsonFields& fields, std::string_view field, std::initializer_list<std::string_view> names) {
  const auto given = fields.string(field);
  if (!given) return 0;
  const auto* const found = std::ranges::find(names, *given);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  fields.fail(field, fmt::format("'{}' must be one of {}, it is '{}'", field, fmt::join(names, ", "), *given));
  return 0;
}

}  // namespace

std::string ClassifyRequest::label_key() const {
  std::string key =
      fmt::format("{}|{}|{}|{}|{}|{}|{}", static_cast<int>(options.label_mode), static_cast<int>(options.length_norm),
                  static_cast<int>(options.calibration), options.tolerance, options.top, options.label_descriptions,
                  options.prompt_template.has_value());
  append_json_text(key, options.instruction);
  append_json_text(key, options.prompt_template.value_or(""));
  for (const bulk::Label& label : options.labels) {
    append_json_text(key, label.name);
    append_json_text(key, label.description);
  }
  return key;
}

ApiResult<ClassifyRequest> parse_classify_request(std::string_view body, const ServerLimits& limits) {
  auto object = parse_object(body, limits.json_depth);
  if (!object) return tl::unexpected(std::move(object).error());
  std::optional<ApiError> error;
  JsonFields fields(*object, "", error);
  for (const auto& [name, unused] : *object) {
    if (std::ranges::find(kFields, std::string_view(name.data(), name.size())) == kFields.end())
      fields.fail(std::string_view(name),
                  fmt::format("'{}' is not a field of this request; there are {}", std::string_view(name),
                              fmt::join(kFields, ", ")),
                  "unknown_field");
  }
  ClassifyRequest request;
  bulk::ClassifyOptions& options = request.options;
  request.model = fields.string("model").value_or("");
  read_inputs(fields, request);
  read_labels(fields, request, error);
  options.instruction = fields.string("instruction").value_or("");
  options.prompt_template = fields.string("prompt_template");
  options.label_descriptions = fields.boolean("label_descriptions").value_or(options.label_descriptions);
  options.label_mode =
      read_choice(fields, "label_mode", {"text", "code"}) == 1 ? bulk::LabelMode::kCode : bulk::LabelMode::kText;
  options.length_norm = read_choice(fields, "length_norm", {"none", "tokens"}) == 1 ? inference::LengthNorm::kTokens
                                                                                    : inference::LengthNorm::kNone;
  options.calibration = read_choice(fields, "calibration", {"none", "content-free"}) == 1
                            ? bulk::Calibration::kContentFree
                            : bulk::Calibration::kNone;
  options.tolerance = fields.number("tolerance", 0, 0.99).value_or(options.tolerance);
  const auto most = static_cast<std::int64_t>(std::max<std::size_t>(options.labels.size(), 1));
  request.top = static_cast<int>(fields.integer("top", 1, most).value_or(0));
  if (request.top > 0) options.top = request.top;
  if (error) return tl::unexpected(std::move(*error));
  return request;
}

}  // namespace zubr::server
