#include "models/modelfile/model_parameters.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>

#include "core/nearest.h"

namespace zubr::models {
namespace {

struct Number {
  std::optional<double> ModelParameters::*field;
  double min, max;
};
struct Whole {
  std::optional<std::int64_t> ModelParameters::*field;
  std::int64_t min, max;
};

const std::map<std::string_view, Number>& numbers() {
  using P = ModelParameters;
  static const std::map<std::string_view, Number> all = {{"temperature", {&P::temperature, 0, 100}},
                                                         {"top_p", {&P::top_p, 0, 1}},
                                                         {"min_p", {&P::min_p, 0, 1}},
                                                         {"typical_p", {&P::typical_p, 0, 1}},
                                                         {"repeat_penalty", {&P::repeat_penalty, 0.01, 100}},
                                                         {"presence_penalty", {&P::presence_penalty, -100, 100}},
                                                         {"frequency_penalty", {&P::frequency_penalty, -100, 100}}};
  return all;
}

const std::map<std::string_view, Whole>& wholes() {
  using P = ModelParameters;
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  static const std::map<std::string_view, Whole> all = {
      {"top_k", {&P::top_k, -1, 1 << 20}},
      {"repeat_last_n", {&P::repeat_last_n, -1, kMost}},
      {"seed", {&P::seed, -1, std::numeric_limits<std::uint32_t>::max()}},
      {"num_ctx", {&P::num_ctx, 0, kMost}},
      {"num_predict", {&P::num_predict, -2, kMost}}};
  return all;
}

constexpr std::string_view kIgnored[] = {
    "num_keep", "num_batch",    "num_gpu",      "main_gpu",         "num_thread",       "num_gqa", "low_vram",
    "f16_kv",   "use_mmap",     "use_mlock",    "vocab_only",       "logits_all",       "numa",    "mirostat",
    "tfs_z",    "mirostat_tau", "mirostat_eta", "penalize_newline", "draft_num_predict"};

template <typename Value>
std::optional<Value> parse(const std::string& text) {
  Value value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <typename Value, typename Limits>
Result<void> set(ModelParameters& parameters, const Limits& limits, const std::string& name, const std::string& text) {
  const auto value = parse<Value>(text);
  if (!value || !std::isfinite(static_cast<double>(*value)) || *value < limits.min || *value > limits.max)
    return fail(ErrorCode::kInvalidArgument, "PARAMETER {}: '{}' is not a {}number from {} to {}", name,
                text.substr(0, 60), std::is_integral_v<Value> ? message("whole ") : std::string(), limits.min,
                limits.max);
  parameters.*limits.field = *value;
  return {};
}

}  // namespace

Result<ModelParameters> read_parameters(const std::vector<std::pair<std::string, std::string>>& lines) {
  ModelParameters parameters;
  for (const auto& [name, text] : lines) {
    if (name == "stop") {
      if (!text.empty()) parameters.stop.push_back(text);
    } else if (const auto number = numbers().find(name); number != numbers().end()) {
      ZUBR_CHECK(set<double>(parameters, number->second, name, text));
    } else if (const auto whole = wholes().find(name); whole != wholes().end()) {
      ZUBR_CHECK(set<std::int64_t>(parameters, whole->second, name, text));
    } else if (std::ranges::find(kIgnored, name) != std::end(kIgnored)) {
      parameters.ignored.push_back(name);
    } else {
      std::vector<std::string> known = {"stop"};
      for (const auto& [each, unused] : numbers()) known.emplace_back(each);
      for (const auto& [each, unused] : wholes()) known.emplace_back(each);
      const auto near = core::nearest(name, known);
      return fail(ErrorCode::kInvalidArgument, "there is no PARAMETER '{}'{}; there are {}", name.substr(0, 60),
                  near ? message(", did you mean {}?", *near) : std::string(), fmt::join(known, ", "));
    }
  }
  return parameters;
}

}  // namespace zubr::models
