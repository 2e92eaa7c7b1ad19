#include <array>

#include "catalog/facts_text.h"
#include "catalog/sources/importers.h"
#include "catalog/sources/json_fields.h"

namespace zubr::catalog {
namespace {

namespace json = boost::json;

// LiteLLM's kinds of use that are models of ours, as tasks.
struct Mode {
  std::string_view mode, task;
  unsigned inputs, outputs;
};
constexpr Mode kModes[] = {
    {"chat", "text-generation", kText, kText},
    {"completion", "text-generation", kText, kText},
    {"responses", "text-generation", kText, kText},
    {"embedding", "feature-extraction", kText, kVector},
    {"rerank", "text-ranking", kText, kText},
    {"image_generation", "text-to-image", kText, kImage},
    {"audio_transcription", "automatic-speech-recognition", kAudio, kText},
    {"audio_speech", "text-to-speech", kText, kAudio},
    {"video_generation", "text-to-video", kText, kVideo},
};

std::optional<ModelFact> litellm_fact(const std::string& name, const json::object& object) {
  const std::string mode = text_at(object, "mode");
  const Mode* known = nullptr;
  for (const Mode& one : kModes)
    if (mode == one.mode) known = &one;
  const std::string provider = text_at(object, "litellm_provider");
  if (known == nullptr || provider.empty() || name.empty()) return std::nullopt;
  ModelFact fact{.address = {"litellm", name}, .task = std::string(known->task)};
  fact.inputs = known->inputs;
  fact.outputs = known->outputs;
  if (flag_at(object, "supports_vision").value_or(false)) fact.inputs |= kImage;
  fact.name = name.substr(name.rfind('/') + 1);
  fact.context = count_at(object, "max_input_tokens");
  Offer offer{.provider = provider, .context = fact.context, .max_output = count_at(object, "max_output_tokens")};
  offer.input = dollars_at(object, "input_cost_per_token");
  offer.output = dollars_at(object, "output_cost_per_token");
  offer.cached_input = dollars_at(object, "cache_read_input_token_cost");
  // Prices by image or second leave zeros for tokens; a local model has no price.
  const bool by_token = (offer.input && offer.input->count > 0) || (offer.output && offer.output->count > 0);
  if (by_token) fact.offers.push_back(std::move(offer));
  return fact;
}

unsigned modalities_at(const json::object& object, std::string_view name) {
  const json::object* modalities = object_at(object, "modalities");
  unsigned bits = 0;
  if (modalities != nullptr)
    for (const std::string& word : texts_at(*modalities, name)) bits |= modality_of(word);
  return bits;
}

std::string slug(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.';
    if (c >= 'A' && c <= 'Z') {
      out += static_cast<char>(c - 'A' + 'a');
    } else if (letter) {
      out += c;
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  while (out.ends_with('-')) out.pop_back();
  return out;
}

// What a model of models.dev is, whoever serves it.
void take_model(const json::object& object, ModelFact& fact) {
  fact.name = text_at(object, "name");
  fact.open = flag_at(object, "open_weights");
  fact.license = text_at(object, "license");
  fact.inputs = modalities_at(object, "input");
  fact.outputs = modalities_at(object, "output");
  fact.created = date_at(object, "release_date");
  fact.modified = date_at(object, "last_updated");
  if (const json::object* limit = object_at(object, "limit")) fact.context = count_at(*limit, "context");
  if (fact.inputs != 0)
    fact.task = (fact.outputs & kImage) != 0                                  ? "text-to-image"
                : (fact.outputs & kAudio) != 0 && (fact.outputs & kText) == 0 ? "text-to-speech"
                : (fact.inputs & kImage) != 0                                 ? "image-text-to-text"
                                                                              : "text-generation";
  if (const json::array* weights = array_at(object, "weights"))
    for (const json::value& place : *weights) {
      constexpr std::string_view kHub = "https://huggingface.co/";
      const std::string url = place.is_object() ? text_at(place.get_object(), "url") : std::string();
      if (url.starts_with(kHub)) fact.also.push_back({"hf", url.substr(kHub.size())});
    }
  if (const json::array* benchmarks = array_at(object, "benchmarks"))
    for (const json::value& entry : *benchmarks) {
      const json::object* score = entry.if_object();
      const auto value = score != nullptr ? number_at(*score, "score") : std::nullopt;
      if (value && !text_at(*score, "name").empty())
        fact.scores.push_back({slug(text_at(*score, "name")), *value, date_at(*score, "date")});
    }
}

ModelFact provider_fact(const std::string& provider, const std::string& id, const json::object& object) {
  ModelFact fact{.address = {"models.dev", provider + "/" + id}};
  take_model(object, fact);
  if (fact.name.empty()) fact.name = id.substr(id.rfind('/') + 1);
  if (const std::string base = text_at(object, "base_model"); !base.empty()) fact.also.push_back({"models.dev", base});
  // OpenRouter's own names.
  if (provider == "openrouter") fact.also.push_back({"openrouter", id});
  Offer offer{.provider = provider, .context = fact.context};
  if (const json::object* limit = object_at(object, "limit")) offer.max_output = count_at(*limit, "output");
  if (const json::object* cost = object_at(object, "cost")) {
    offer.input = dollars_per_million_at(*cost, "input");
    offer.output = dollars_per_million_at(*cost, "output");
    offer.cached_input = dollars_per_million_at(*cost, "cache_read");
    fact.offers.push_back(std::move(offer));
  }
  return fact;
}

}  // namespace

Result<Facts> import_litellm(std::string_view text) {
  ZUBR_TRY(root, parse_json(text, "LiteLLM's price map"));
  if (!root.is_object()) return fail(ErrorCode::kCorrupt, "LiteLLM's price map is no JSON object");
  Facts facts;
  for (const auto& pair : root.get_object()) {
    const std::string name(pair.key());
    if (name == "sample_spec") continue;
    auto fact = pair.value().is_object() ? litellm_fact(name, pair.value().get_object()) : std::nullopt;
    fact ? facts.models.push_back(std::move(*fact)) : void(++facts.skipped);
  }
  return facts;
}

Result<Facts> import_models_dev(std::string_view text) {
  ZUBR_TRY(root, parse_json(text, "models.dev's catalogue"));
  if (!root.is_object()) return fail(ErrorCode::kCorrupt, "models.dev's catalogue is no JSON object");
  Facts facts;
  // The site publishes providers at the top; a copy made from its source has them in "providers", models beside.
  const json::object* inner = object_at(root.get_object(), "providers");
  if (const json::object* models = inner != nullptr ? object_at(root.get_object(), "models") : nullptr)
    for (const auto& pair : *models) {
      if (!pair.value().is_object()) continue;
      ModelFact fact{.address = {"models.dev", std::string(pair.key())}};
      take_model(pair.value().get_object(), fact);
      facts.models.push_back(std::move(fact));
    }
  for (const auto& provider : inner != nullptr ? *inner : root.get_object()) {
    const json::object* models =
        provider.value().is_object() ? object_at(provider.value().get_object(), "models") : nullptr;
    if (models == nullptr) {
      ++facts.skipped;
      continue;
    }
    for (const auto& pair : *models)
      if (pair.value().is_object())
        facts.models.push_back(
            provider_fact(std::string(provider.key()), std::string(pair.key()), pair.value().get_object()));
  }
  return facts;
}

Result<Facts> import_fact_lines(std::string_view text) {
  Facts facts;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("{\"dataset\"")) {
      ZUBR_TRY(fact, parse_dataset_fact(line));
      facts.datasets.push_back(std::move(fact));
    } else {
      ZUBR_TRY(fact, parse_model_fact(line));
      facts.models.push_back(std::move(fact));
    }
  }
  return facts;
}

}  // namespace zubr::catalog
