#include "providers/provider.h"

#include <array>
#include <utility>

namespace zubr::providers {
namespace {

constexpr std::array<std::pair<Feature, std::string_view>, 18> kFeatures{{
    {kChat, "chat"},
    {kCompletions, "completions"},
    {kEmbeddings, "embeddings"},
    {kTools, "tools"},
    {kJsonSchema, "json_schema"},
    {kLogprobs, "logprobs"},
    {kLogitBias, "logit_bias"},
    {kSuffix, "suffix"},
    {kReasoning, "reasoning"},
    {kStreamUsage, "stream_usage"},
    {kSeed, "seed"},
    {kTopK, "top_k"},
    {kMinP, "min_p"},
    {kTypicalP, "typical_p"},
    {kRepeatPenalty, "repeat_penalty"},
    {kPenalties, "penalties"},
    {kParallelTools, "parallel_tools"},
    {kMedia, "media"},
}};

}  // namespace

std::string_view feature_name(Feature feature) {
  for (const auto& [bit, name] : kFeatures)
    if (bit == feature) return name;
  return "";
}

std::optional<Feature> feature_of(std::string_view name) {
  for (const auto& [bit, known] : kFeatures)
    if (known == name && bit != kMedia) return bit;
  return std::nullopt;
}

std::vector<std::string> feature_names(Features features) {
  std::vector<std::string> names;
  for (const auto& [bit, name] : kFeatures)
    if ((features & bit) != 0) names.emplace_back(name);
  return names;
}

std::string_view reach_name(Reach reach) {
  switch (reach) {
    case Reach::kLocal: return "local";
    case Reach::kPrivate: return "private";
    case Reach::kHosted: return "hosted";
  }
  return "";
}

}  // namespace zubr::providers
