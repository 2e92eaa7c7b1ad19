#include <algorithm>

#include "catalog/sources/importers.h"
#include "catalog/sources/json_fields.h"

namespace zubr::catalog {
namespace {

namespace json = boost::json;

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

unsigned modalities_at(const json::object& object, std::string_view name) {
  unsigned bits = 0;
  for (const std::string& word : texts_at(object, name)) bits |= modality_of(word);
  return bits;
}

// A variant of a model: "free", "thinking"; empty for the model itself.
std::string variant_of(std::string_view id) {
  const std::size_t colon = id.find(':');
  return colon == std::string_view::npos ? std::string() : std::string(id.substr(colon + 1));
}

void take_prices(const json::object& object, Offer& offer) {
  const json::object* pricing = object_at(object, "pricing");
  if (pricing == nullptr) return;
  offer.input = dollars_at(*pricing, "prompt");
  offer.output = dollars_at(*pricing, "completion");
  offer.cached_input = dollars_at(*pricing, "input_cache_read");
}

std::optional<ModelFact> model_fact(const json::object& object) {
  ModelFact fact;
  fact.address = {"openrouter", text_at(object, "id")};
  const std::string& id = fact.address.name;
  if (id.empty()) return std::nullopt;
  const std::string on_hub = text_at(object, "hugging_face_id");
  if (!on_hub.empty()) fact.also.push_back({"hf", on_hub});
  if (const std::string slug = text_at(object, "canonical_slug"); !slug.empty() && slug != id)
    fact.also.push_back({"openrouter", slug});
  fact.name = text_at(object, "name");
  if (const std::size_t colon = fact.name.find(": "); colon != std::string::npos) fact.name.erase(0, colon + 2);
  fact.author = id.substr(0, id.find('/'));
  fact.open = !on_hub.empty();
  fact.context = count_at(object, "context_length");
  if (const auto created = count_at(object, "created")) fact.created = date_of_seconds(*created);
  if (const json::object* architecture = object_at(object, "architecture")) {
    fact.inputs = modalities_at(*architecture, "input_modalities");
    fact.outputs = modalities_at(*architecture, "output_modalities");
  }
  fact.task = (fact.outputs & kImage) != 0  ? "text-to-image"
              : (fact.inputs & kImage) != 0 ? "image-text-to-text"
                                            : "text-generation";
  Offer offer{.provider = "openrouter", .tag = variant_of(id), .context = fact.context};
  take_prices(object, offer);
  if (const json::object* top = object_at(object, "top_provider"))
    offer.max_output = count_at(*top, "max_completion_tokens");
  if (offer.input || offer.output) fact.offers.push_back(std::move(offer));
  return fact;
}

std::optional<double> median_at(const json::object& object, std::string_view name) {
  const json::object* spread = object_at(object, name);
  return spread != nullptr ? number_at(*spread, "p50") : number_at(object, name);
}

Offer endpoint_offer(const json::object& object) {
  Offer offer;
  offer.provider = lower(text_at(object, "provider_name"));
  // "deepinfra/fp4" → "fp4"
  std::string tag = text_at(object, "tag");
  if (tag.empty()) tag = text_at(object, "provider_slug");
  if (const std::size_t slash = tag.find('/'); slash != std::string::npos) offer.tag = tag.substr(slash + 1);
  if (const std::string variant = text_at(object, "variant"); !variant.empty() && variant != "standard")
    offer.tag += (offer.tag.empty() ? "" : " ") + variant;
  take_prices(object, offer);
  offer.context = count_at(object, "context_length");
  offer.max_output = count_at(object, "max_completion_tokens");
  offer.quantization = lower(text_at(object, "quantization"));
  if (offer.quantization == "unknown") offer.quantization.clear();
  offer.latency_ms = median_at(object, "latency_last_30m");
  offer.tokens_per_second = median_at(object, "throughput_last_30m");
  if (const json::object* stats = object_at(object, "stats")) {
    if (!offer.latency_ms) offer.latency_ms = number_at(*stats, "p50_latency");
    if (!offer.tokens_per_second) offer.tokens_per_second = number_at(*stats, "p50_throughput");
  }
  if (const json::object* policy = object_at(object, "data_policy")) {
    offer.trains = flag_at(*policy, "training");
    offer.retains = flag_at(*policy, "retainsPrompts");
  }
  if (const json::object* provider = object_at(object, "provider_info"))
    offer.region = text_at(*provider, "headquarters");
  return offer;
}

// A listing of its own beside the model's, so that one answer does not overwrite what the other said.
ModelFact endpoints_fact(const std::string& id) {
  ModelFact fact{.address = {"openrouter-endpoints", id}, .also = {{"openrouter", id}}};
  return fact;
}

}  // namespace

Result<Facts> import_openrouter_models(std::string_view text) {
  ZUBR_TRY(root, parse_json(text, "OpenRouter's list of models"));
  const json::array* data = root.is_object() ? array_at(root.get_object(), "data") : root.if_array();
  if (data == nullptr) return fail(ErrorCode::kCorrupt, "OpenRouter's list of models has no \"data\"");
  Facts facts;
  for (const json::value& entry : *data) {
    auto fact = entry.is_object() ? model_fact(entry.get_object()) : std::nullopt;
    fact ? facts.models.push_back(std::move(*fact)) : void(++facts.skipped);
  }
  return facts;
}

Result<Facts> import_openrouter_endpoints(std::string_view text) {
  ZUBR_TRY(root, parse_json(text, "OpenRouter's list of endpoints"));
  const json::value* data = root.is_object() ? member(root.get_object(), "data") : nullptr;
  std::string id;
  const json::array* endpoints = nullptr;
  if (data != nullptr && data->is_object()) {
    id = text_at(data->get_object(), "id");
    endpoints = array_at(data->get_object(), "endpoints");
  } else if (data != nullptr && data->is_array()) {
    endpoints = &data->get_array();
  }
  if (endpoints == nullptr) return fail(ErrorCode::kCorrupt, "OpenRouter's list of endpoints has no \"data\"");
  Facts facts;
  for (const json::value& entry : *endpoints) {
    const json::object* object = entry.if_object();
    const std::string of = object == nullptr ? std::string() : id.empty() ? text_at(*object, "model_variant_slug") : id;
    if (of.empty() || text_at(*object, "provider_name").empty()) {
      ++facts.skipped;
      continue;
    }
    auto fact = std::ranges::find(facts.models, of, [](const ModelFact& f) { return f.address.name; });
    if (fact == facts.models.end()) fact = facts.models.insert(fact, endpoints_fact(of));
    fact->offers.push_back(endpoint_offer(*object));
  }
  return facts;
}

Result<std::vector<OfferName>> import_openrouter_zdr(std::string_view text) {
  ZUBR_TRY(root, parse_json(text, "OpenRouter's list of endpoints that keep nothing"));
  const json::array* data = root.is_object() ? array_at(root.get_object(), "data") : nullptr;
  if (data == nullptr) return fail(ErrorCode::kCorrupt, "OpenRouter's list of endpoints that keep nothing has no data");
  std::vector<OfferName> names;
  for (const json::value& entry : *data) {
    if (!entry.is_object()) continue;
    Offer offer = endpoint_offer(entry.get_object());
    std::string model = text_at(entry.get_object(), "model_id");
    if (!model.empty()) names.push_back({std::move(model), std::move(offer.provider), std::move(offer.tag)});
  }
  return names;
}

}  // namespace zubr::catalog
