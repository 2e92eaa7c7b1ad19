#include <algorithm>
#include <map>
#include <set>

#include "catalog/model_name.h"
#include "catalog/sources/importers.h"
#include "catalog/sources/json_fields.h"

namespace zubr::catalog {
namespace {

namespace json = boost::json;

struct Tag {
  std::string name;  // "llama3.1:8b-instruct-q4_K_M"
  std::uint64_t bytes = 0;
  std::optional<std::int64_t> context;
  unsigned inputs = 0;
};

std::string tag_part(const std::string& name) { return name.substr(name.find(':') + 1); }

std::vector<Tag> read_tags(const json::object& entries) {
  std::vector<Tag> tags;
  for (const auto& pair : entries) {
    const json::object* entry = pair.value().if_object();
    if (entry == nullptr) continue;
    Tag tag{.name = text_at(*entry, "name"),
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
std::string latest_size(const std::string& library, const json::object& about, const std::vector<Tag>& tags) {
  std::string missing;
  for (const std::string& size : texts_at(about, "parameters")) {
    const std::string name = library + ":" + size;
    if (std::ranges::find(tags, name, &Tag::name) != tags.end()) continue;
    if (!missing.empty()) return {};
    missing = name;
  }
  return missing;
}

struct Library {
  std::string name;
  const json::object& about;
  unsigned inputs = 0;
  std::string task = {};
};

Library library_of(const std::string& name, const json::object& about) {
  Library library{name, about};
  const auto capabilities = texts_at(about, "capabilities");
  const auto has = [&](std::string_view word) { return std::ranges::find(capabilities, word) != capabilities.end(); };
  library.inputs = has("vision") ? kText | kImage : 0;
  library.task = has("embedding") ? "feature-extraction" : has("vision") ? "image-text-to-text" : "text-generation";
  return library;
}

// The models of a library: tags of one key are one model.
void add_library(const Library& library, const std::vector<Tag>& tags, Facts& facts) {
  const std::string latest = latest_size(library.name, library.about, tags);
  std::map<std::string, std::vector<const Tag*>> models;
  for (const Tag& tag : tags) {
    const bool cloud = tag.name.find("cloud") != std::string::npos;
    const bool is_latest = tag_part(tag.name) == "latest";
    const std::string& meant = is_latest && !latest.empty() ? latest : tag.name;
    if (!cloud) models[name_key({"ollama", meant})].push_back(&tag);
  }
  for (auto& [key, members] : models) {
    ModelFact fact;
    fact.open = true;
    fact.task = library.task;
    fact.pulls = count_at(library.about, "pull");
    fact.modified = date_at(library.about, "update_date");
    std::string shortest;
    for (const Tag* tag : members) {
      const bool is_latest = tag_part(tag->name) == "latest";
      const std::string& name = is_latest && !latest.empty() ? latest : tag->name;
      const std::string quantization = quantization_in_name(name);
      if (shortest.empty() || name.size() < shortest.size()) shortest = name;
      if (is_latest) fact.also.push_back({"ollama", tag->name});
      fact.files.push_back({name, quantization, tag->bytes});
      if (!fact.context) fact.context = tag->context;
      fact.inputs |= tag->inputs | library.inputs;
    }
    fact.outputs = fact.task == "feature-extraction" ? kVector : kText;
    std::ranges::sort(fact.files, {}, &ModelFile::bytes);
    fact.address = {"ollama", shortest};
    fact.name = shortest;
    std::erase_if(fact.also, [&](const Address& also) { return also.name == shortest; });
    facts.models.push_back(std::move(fact));
  }
}

}  // namespace

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
    add_library(library_of(name, *about), read_tags(*own_tags), facts);
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
