#include "server/openai/generate_fields.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

namespace zubr::server::openai {
namespace json = boost::json;

void read_seed(JsonFields& fields, inference::SamplingOptions& sampling) {
  using Seed = std::numeric_limits<std::int64_t>;
  if (const auto seed = fields.integer("seed", Seed::min(), Seed::max())) {
    const auto bits = static_cast<std::uint64_t>(*seed);
    sampling.seed = static_cast<std::uint32_t>(bits ^ bits >> 32);  // the same below 2^32
  }
}

void read_sampling(JsonFields& fields, inference::SamplingOptions& sampling) {
  sampling.temperature = fields.number("temperature", 0, 2).value_or(sampling.temperature);
  sampling.top_p = fields.number("top_p", 0, 1).value_or(sampling.top_p);
  sampling.presence_penalty = fields.number("presence_penalty", -2, 2).value_or(sampling.presence_penalty);
  sampling.frequency_penalty = fields.number("frequency_penalty", -2, 2).value_or(sampling.frequency_penalty);
  // Not OpenAI's, but understood by every local server under these names.
  sampling.top_k = static_cast<int>(fields.integer("top_k", 0, 1 << 20).value_or(sampling.top_k));
  sampling.min_p = fields.number("min_p", 0, 1).value_or(sampling.min_p);
  sampling.repeat_penalty = fields.number("repeat_penalty", 0, 10).value_or(sampling.repeat_penalty);
  read_seed(fields, sampling);
}

void read_max_tokens(JsonFields& fields, std::initializer_list<std::string_view> names, int& max_tokens) {
  constexpr auto kMost = std::numeric_limits<int>::max();
  for (const std::string_view name : names) {
    const auto tokens = fields.integer(name, -1, kMost);  // -1 = no limit, as llama-server has it
    if (!tokens) continue;
    if (*tokens == 0) fields.fail(name, fmt::format("'{}' must be at least 1 (or -1 for no limit), it is 0", name));
    max_tokens = static_cast<int>(*tokens);
  }
}

void read_stop(JsonFields& fields, std::string_view name, std::vector<std::string>& stops) {
  const json::value* value = fields.find(name);
  if (!value) return;
  const auto wrong_type = [&] {
    fields.fail(name, fmt::format("'{}' must be a string or an array of strings", fields.path(name)), "invalid_type");
  };
  if (const json::string* one = value->if_string()) {
    stops.emplace_back(one->data(), one->size());
  } else if (const json::array* list = value->if_array()) {
    if (list->size() > kMaxStops)
      return fields.fail(
          name, fmt::format("'{}' may have {} strings, it has {}", fields.path(name), kMaxStops, list->size()));
    for (const json::value& item : *list) {
      const json::string* text = item.if_string();
      if (!text) return wrong_type();
      stops.emplace_back(text->data(), text->size());
    }
  } else {
    return wrong_type();
  }
  for (const auto& stop : stops) {
    if (stop.empty()) return fields.fail(name, fmt::format("'{}' must not hold an empty string", fields.path(name)));
  }
}

void read_logit_bias(JsonFields& fields, inference::SamplingOptions& sampling) {
  constexpr double kForbidden = -100;
  const json::object* biases = fields.object("logit_bias");
  if (!biases) return;
  if (biases->size() > kMaxBiases)
    return fields.fail("logit_bias",
                       fmt::format("'logit_bias' may name {} tokens, it names {}", kMaxBiases, biases->size()));
  for (const auto& [key, value] : *biases) {
    const std::string_view name(key.data(), key.size());
    std::int32_t token = -1;
    const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), token);
    if (problem != std::errc{} || end != name.data() + name.size() || token < 0)
      return fields.fail("logit_bias", fmt::format("'logit_bias' has the key '{}'; a key is a token's number", name));
    boost::system::error_code not_a_number;
    const double bias = value.to_number<double>(not_a_number);
    if (not_a_number || !(std::abs(bias) <= -kForbidden))
      return fields.fail("logit_bias", fmt::format("'logit_bias.{}' must be a number from -100 to 100", name),
                         "invalid_value");
    sampling.logit_bias.emplace_back(
        token, bias <= kForbidden ? -std::numeric_limits<float>::infinity() : static_cast<float>(bias));
  }
}

void read_adapters(JsonFields& fields, std::optional<ApiError>& error,
                   std::vector<inference::AdapterChoice>& adapters) {
  constexpr double kMostScale = 100;
  const json::array* list = fields.array("lora");
  if (!list) return;
  if (list->size() > kMaxAdapters)
    return fields.fail("lora", fmt::format("'lora' may name {} adapters, it names {}", kMaxAdapters, list->size()));
  for (std::size_t i = 0; i < list->size() && !error; ++i) {
    const std::string path = fmt::format("lora[{}]", i);
    const json::object* one = (*list)[i].if_object();
    if (!one) return fields.fail(path, fmt::format("'{}' must be an object with a name", path), "invalid_type");
    JsonFields adapter(*one, path + ".", error);
    const std::string name = adapter.string("name").value_or("");
    if (name.empty()) adapter.fail("name", fmt::format("'{}.name' is missing", path), "missing");
    const auto scale = static_cast<float>(adapter.number("scale", -kMostScale, kMostScale).value_or(1));
    adapters.push_back({.name = name, .scale = scale});
  }
}

}  // namespace zubr::server::openai
