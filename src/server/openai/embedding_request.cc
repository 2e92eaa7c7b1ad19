#include "server/openai/embedding_request.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstring>

#include "server/base64.h"
#include "server/json/json_fields.h"

namespace zubr::server::openai {
namespace json = boost::json;

namespace {

void read_input(JsonFields& fields, EmbeddingRequest& request) {
  const json::value* input = fields.find("input");
  if (!input) return fields.fail("input", "'input' is missing", "missing");
  if (const json::string* one = input->if_string()) {
    request.one_input = true;
    request.inputs.emplace_back(one->data(), one->size());
  } else if (const json::array* list = input->if_array()) {
    if (list->empty() || list->size() > kMaxEmbeddingInputs)
      return fields.fail(
          "input", fmt::format("'input' must hold 1 to {} texts, it holds {}", kMaxEmbeddingInputs, list->size()));
    for (std::size_t i = 0; i < list->size(); ++i) {
      const json::string* text = (*list)[i].if_string();
      if (!text) {
        const bool tokens = (*list)[i].is_number() || (*list)[i].is_array();
        return fields.fail(fmt::format("input[{}]", i),
                           tokens ? std::string("token arrays cannot be embedded by this server; send text")
                                  : fmt::format("'input[{}]' must be a string", i),
                           tokens ? "unsupported" : "invalid_type");
      }
      request.inputs.emplace_back(text->data(), text->size());
    }
  } else {
    return fields.fail("input", "'input' must be a string or an array of strings", "invalid_type");
  }
  for (std::size_t i = 0; i < request.inputs.size(); ++i) {
    const std::string field = request.field_of(i);
    if (request.inputs[i].empty()) return fields.fail(field, fmt::format("'{}' is empty", field));
  }
}

}  // namespace

std::string EmbeddingRequest::field_of(std::size_t index) const {
  return one_input ? "input" : fmt::format("input[{}]", index);
}

ApiResult<EmbeddingRequest> parse_embedding_request(std::string_view body, const ServerLimits& limits) {
  auto object = parse_object(body, limits.json_depth);
  if (!object) return tl::unexpected(std::move(object).error());
  std::optional<ApiError> error;
  JsonFields fields(*object, "", error);
  EmbeddingRequest request;
  request.model = fields.string("model").value_or("");
  read_input(fields, request);
  request.dimensions = static_cast<int>(fields.integer("dimensions", 1, 1 << 20).value_or(0));
  const auto format = fields.string("encoding_format").value_or("float");
  request.base64 = format == "base64";
  if (!request.base64 && format != "float")
    fields.fail("encoding_format", fmt::format("'encoding_format' must be float or base64, it is '{}'", format));
  if (error) return tl::unexpected(std::move(*error));
  return request;
}

std::vector<float> shortened(std::vector<float> values, int dimensions) {
  const auto count = static_cast<std::size_t>(dimensions);
  if (dimensions <= 0 || count >= values.size()) return values;
  values.resize(count);
  double squares = 0;
  for (const float value : values) squares += double{value} * value;
  if (squares > 0) {
    for (float& value : values) value = static_cast<float>(value / std::sqrt(squares));
  }
  return values;
}

std::string vector_json(const std::vector<float>& values) { return fmt::format("[{}]", fmt::join(values, ",")); }

std::string vector_base64(const std::vector<float>& values) {
  static_assert(std::endian::native == std::endian::little);
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return '"' + base64(bytes) + '"';
}

}  // namespace zubr::server::openai
