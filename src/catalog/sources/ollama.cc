#include <algorithm>
#include <map>
#include <set>

#include "catalog/model_name.h"
#include "catalog/sources/importers.h"
#include "catalog/sources/json_fields.h"
#include "catalog/sources/ollama_pages.h"

namespace zubr::catalog {
namespace {

namespace json = boost::json;

std::string tag_part(const std::string& name) { return name.substr(name.find(':') + 1); }

std::vector<OllamaTag> read_tags(const json::object& entries) {
  std::vector<OllamaTag> tags;
  for (const auto& pair : entries) {
    const json::object* entry = pair.value().if_object();
    if (entry == nullptr) continue;
    OllamaTag tag{.name = text_at(*entry, "name"),
                  .bytes = static_cast<std::uint64_t>(count_at(*entry, "size_num").value_or(0)),
                  .context = count_at(*entry, "context_window_num")};
    for (const std::string& word : texts_at(*entry, "input_types")) {
      std::string lower = word;
      if (!lower.empty()) lower[0] = static_cast<char>(lower[0] | 0x20);
      tag.inputs |= modality_of(lower);
    }
    if (tag.name.find(':') != std::string::npos) tags.push_back(std::move(tag));
  }
  return tags;
}

// Tags with one content are listed once: where "llama3.1:8b" is the latest, it is the size that no tag has.
std::string latest_size(const OllamaEntry& entry, const std::vector<OllamaTag>& tags) {
  std::string missing;
  for (const std::string& size : entry.sizes) {
    const std::string name = entry.name + ":" + size;
    if (std::ranges::find(tags, name, &OllamaTag::name) != tags.end()) continue;
    if (!missing.empty()) return {};
    missing = name;
  }
  return missing;
}

OllamaEntry entry_of(const std::string& name, const json::object& about) {
  return {.name = name,
          .capabilities = texts_at(about, "capabilities"),
          .sizes = texts_at(about, "parameters"),
          .pulls = count_at(about, "pull"),
          .modified = date_at(about, "update_date")};
}

}  // namespace

void add_ollama_models(const OllamaEntry& entry, const std::vector<OllamaTag>& tags, Facts& facts,
                       const std::string& latest) {
  const auto has = [&](std::string_view word) {
    return std::ranges::find(entry.capabilities, word) != entry.capabilities.end();
  };
  std::map<std::string, std::vector<const OllamaTag*>> models;
  for (const OllamaTag& tag : tags) {
    const bool cloud = tag.name.find("cloud") != std::string::npos;
    const bool is_latest = tag_part(tag.name) == "latest";
    const std::string& meant = is_latest && !latest.empty() ? latest : tag.name;
    if (!cloud) models[name_key({"ollama", meant})].push_back(&tag);
  }
  for (auto& [key, members] : models) {
    ModelFact fact;
    fact.open = true;
    fact.task = has("embedding") ? "feature-extraction" : has("vision") ? "image-text-to-text" : "text-generation";
    fact.pulls = entry.pulls;
    fact.modified = entry.modified;
    std::string shortest;
    for (const OllamaTag* tag : members) {
      const bool is_latest = tag_part(tag->name) == "latest";
      const std::string& name = is_latest && !latest.empty() ? latest : tag->name;
      if (shortest.empty() || name.size() < shortest.size()) shortest = name;
      if (is_latest) fact.also.push_back({"ollama", tag->name});
      if (std::ranges::find(fact.files, name, &ModelFile::name) == fact.files.end())
        fact.files.push_back({name, quantization_in_name(name), tag->bytes});
      if (!fact.context) fact.context = tag->context;
      fact.inputs |= tag->inputs | (has("vision") ? kText | kImage : 0U);
    }
    fact.outputs = fact.task == "feature-extraction" ? kVector : kText;
    std::ranges::sort(fact.files, {}, &ModelFile::bytes);
    fact.address = {"ollama", shortest};
    fact.name = shortest;
    std::erase_if(fact.also, [&](const Address& also) { return also.name == shortest; });
    facts.models.push_back(std::move(fact));
  }
}

Result<Facts> import_ollama_library(std::string_view models_json, std::string_view tags_json) {
  ZUBR_TRY(models, parse_json(models_json, "the list of the Ollama library"));
  ZUBR_TRY(tags, parse_json(tags_json, "the tags of the Ollama library"));
  if (!models.is_object() || !tags.is_object())
    return fail(ErrorCode::kCorrupt, "the list of the Ollama library is no JSON object");
  Facts facts;
  for (const auto& pair : models.get_object()) {
    const std::string name(pair.key());
    const json::object* about = pair.value().if_object();
    const json::object* own_tags = object_at(tags.get_object(), name);
    if (about == nullptr || own_tags == nullptr) {
      ++facts.skipped;
      continue;
    }
    const OllamaEntry entry = entry_of(name, *about);
    const auto entry_tags = read_tags(*own_tags);
    add_ollama_models(entry, entry_tags, facts, latest_size(entry, entry_tags));
  }
  return facts;
}

Result<std::uint64_t> ollama_manifest_bytes(std::string_view text) {
  ZUBR_TRY(root, parse_json(text, "the manifest"));
  const json::array* layers = root.is_object() ? array_at(root.get_object(), "layers") : nullptr;
  if (layers == nullptr) return fail(ErrorCode::kCorrupt, "the manifest has no layers");
  std::uint64_t bytes = 0;
  for (const json::value& layer : *layers) {
    if (!layer.is_object()) continue;
    const std::string type = text_at(layer.get_object(), "mediaType");
    if (type.ends_with(".model") || type.ends_with(".projector"))
      bytes += static_cast<std::uint64_t>(count_at(layer.get_object(), "size").value_or(0));
  }
  return bytes;
}

}  // namespace zubr::catalog
