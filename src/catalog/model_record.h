// What the catalog shows of a model: what all sources together say, and how it is made of their facts.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "catalog/facts.h"

namespace zubr::catalog {

struct ModelRecord {
  std::int64_t id = 0;
  Address address = {};  // the one to show: Hugging Face, else OpenRouter, else the Ollama library …
  std::string name = {}, author = {}, task = {}, license = {}, summary = {};
  std::optional<bool> open = {}, gated = {};
  std::optional<std::int64_t> parameters = {}, active_parameters = {}, context = {};
  unsigned inputs = 0, outputs = 0;
  std::vector<std::string> languages = {};
  std::optional<std::int64_t> downloads = {}, likes = {}, pulls = {}, rank = {};
  std::optional<double> trending = {};
  std::string created = {}, modified = {};
  std::string base = {};  // on Hugging Face
  BaseRelation relation = BaseRelation::kNone;
  std::optional<std::int64_t> layers = {}, kv_heads = {}, head_size = {};
  std::optional<std::int64_t> window_layers = {}, window = {}, image_layers = {}, image_tokens = {};
  // Of the cheapest offer, where a million tokens are three parts input and one part output; free ones do not count.
  std::optional<PicoDollars> input = {}, output = {};
  bool free = false;                                // somebody serves it for nothing
  std::optional<double> score = {};                 // LMArena, text
  std::optional<std::uint64_t> smallest_file = {};  // bytes
};

// What three input tokens and one output token cost, by four.
PicoDollars blended(PicoDollars input, PicoDollars output);

// `facts`: of one model. Where sources differ the more reliable one is believed: our own facts file, Hugging Face,
// OpenRouter, models.dev, Ollama, LiteLLM, leaderboards. Does not depend on the order of the facts. Pure.
ModelRecord fold(std::span<const ModelFact> facts);

// "open" licences that forbid nothing to a company are known by name: Apache, MIT, BSD, Creative Commons without NC …
std::span<const std::string_view> permissive_licenses();

}  // namespace zubr::catalog
