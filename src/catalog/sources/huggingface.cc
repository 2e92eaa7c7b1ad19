#include <algorithm>
#include <array>

#include "catalog/model_name.h"
#include "catalog/sources/importers.h"
#include "catalog/sources/json_fields.h"

namespace zubr::catalog {
namespace {

namespace json = boost::json;

constexpr std::string_view kLanguages =
    " aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el "
    "en "
    "eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv "
    "ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne "
    "ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st "
    "su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu ";

struct TaskData {
  std::string_view task;
  unsigned inputs, outputs;
};
constexpr TaskData kTasks[] = {
    {"text-generation", kText, kText},
    {"text2text-generation", kText, kText},
    {"image-text-to-text", kText | kImage, kText},
    {"visual-question-answering", kText | kImage, kText},
    {"document-question-answering", kText | kImage, kText},
    {"video-text-to-text", kText | kVideo, kText},
    {"audio-text-to-text", kText | kAudio, kText},
    {"any-to-any", kText | kImage | kAudio, kText | kImage | kAudio},
    {"text-to-image", kText, kImage},
    {"image-to-image", kImage, kImage},
    {"image-text-to-image", kText | kImage, kImage},
    {"text-to-video", kText, kVideo},
    {"image-to-video", kImage, kVideo},
    {"video-to-video", kVideo, kVideo},
    {"text-to-speech", kText, kAudio},
    {"text-to-audio", kText, kAudio},
    {"audio-to-audio", kAudio, kAudio},
    {"automatic-speech-recognition", kAudio, kText},
    {"audio-classification", kAudio, kText},
    {"voice-activity-detection", kAudio, kText},
    {"depth-estimation", kImage, kImage},
    {"image-segmentation", kImage, kImage},
    {"mask-generation", kImage, kImage},
    {"image-classification", kImage, kText},
    {"object-detection", kImage, kText},
    {"image-to-text", kImage, kText},
    {"image-feature-extraction", kImage, kVector},
    {"feature-extraction", kText, kVector},
    {"sentence-similarity", kText, kVector},
    {"text-ranking", kText, kText},
    {"text-classification", kText, kText},
    {"token-classification", kText, kText},
    {"zero-shot-classification", kText, kText},
    {"question-answering", kText, kText},
    {"fill-mask", kText, kText},
    {"translation", kText, kText},
    {"summarization", kText, kText},
};

// "base_model:finetune:meta-llama/Llama-3.1-8B"; without a relation only where none was said.
void take_base(std::string_view value, ModelFact& fact) {
  const std::size_t colon = value.find(':');
  if (colon == std::string_view::npos) {
    if (fact.base.empty()) fact.base = value;
    return;
  }
  const std::string_view word = value.substr(0, colon);
  fact.base = value.substr(colon + 1);
  fact.relation = word == "quantized" ? BaseRelation::kQuantized
                  : word == "adapter" ? BaseRelation::kAdapter
                  : word == "merge"   ? BaseRelation::kMerge
                                      : BaseRelation::kFinetune;
}

bool starts(std::string_view tag, std::string_view prefix, std::string_view& rest) {
  if (!tag.starts_with(prefix)) return false;
  rest = tag.substr(prefix.size());
  return true;
}

void take_tag(const std::string& tag, ModelFact& fact) {
  std::string_view rest;
  if (starts(tag, "license:", rest)) {
    fact.license = rest;
  } else if (starts(tag, "base_model:", rest)) {
    take_base(rest, fact);
  } else if (starts(tag, "language:", rest)) {
    fact.languages.emplace_back(rest);
  } else if (tag.size() == 2 && kLanguages.find(" " + tag + " ") != std::string_view::npos) {
    fact.languages.push_back(tag);
  } else if (tag.find(':') == std::string::npos && fact.tags.size() < 24) {
    fact.tags.push_back(tag);
  }
}

// "gated" is false, "auto" or "manual".
std::optional<bool> gated_at(const json::object& object) {
  const json::value* gated = member(object, "gated");
  if (gated == nullptr || gated->is_null()) return std::nullopt;
  return !(gated->is_bool() && !gated->get_bool());
}

void take_files(const json::object& object, ModelFact& fact) {
  const json::array* siblings = array_at(object, "siblings");
  if (siblings == nullptr) return;
  for (const json::value& entry : *siblings) {
    if (!entry.is_object()) continue;
    const std::string path = text_at(entry.get_object(), "rfilename");
    const std::string quantization = quantization_in_name(path);
    const bool part = path.find("-of-") != std::string::npos || path.find("mmproj") != std::string::npos;
    if (!path.ends_with(".gguf") || part || quantization.empty() || fact.files.size() >= 200) continue;
    fact.files.push_back({fmt::format("hf.co/{}:{}", fact.address.name, quantization), quantization,
                          static_cast<std::uint64_t>(count_at(entry.get_object(), "size").value_or(0))});
  }
}

std::string either(const json::object& object, std::string_view a, std::string_view b) {
  const std::string text = text_at(object, a);
  return text.empty() ? text_at(object, b) : text;
}

std::optional<ModelFact> model_fact(const json::object& object) {
  ModelFact fact;
  fact.address = {"hf", either(object, "id", "modelId")};
  if (fact.address.name.empty()) return std::nullopt;
  const std::string& id = fact.address.name;
  fact.name = id.substr(id.find('/') + 1);
  fact.author = id.find('/') == std::string::npos ? text_at(object, "author") : id.substr(0, id.find('/'));
  fact.task = either(object, "pipeline_tag", "pipelineTag");
  fact.open = true;
  fact.gated = gated_at(object);
  fact.downloads = count_at(object, "downloads");
  fact.likes = count_at(object, "likes");
  fact.trending = number_at(object, "trendingScore");
  fact.created = date_at(object, "createdAt");
  fact.modified = date_at(object, "lastModified");
  for (const std::string& tag : texts_at(object, "tags")) take_tag(tag, fact);
  if (fact.relation == BaseRelation::kNone && !fact.base.empty()) fact.relation = BaseRelation::kFinetune;
  if (const json::object* tensors = object_at(object, "safetensors")) fact.parameters = count_at(*tensors, "total");
  if (const json::object* gguf = object_at(object, "gguf")) {
    if (!fact.parameters) fact.parameters = count_at(*gguf, "total");
    fact.context = count_at(*gguf, "context_length");
  }
  for (const TaskData& data : kTasks)
    if (fact.task == data.task) {
      fact.inputs = data.inputs;
      fact.outputs = data.outputs;
    }
  take_files(object, fact);
  return fact;
}

std::optional<DatasetFact> dataset_fact(const json::object& object) {
  DatasetFact fact;
  fact.name = text_at(object, "id");
  if (fact.name.empty()) return std::nullopt;
  fact.downloads = count_at(object, "downloads");
  fact.likes = count_at(object, "likes");
  fact.trending = number_at(object, "trendingScore");
  fact.created = date_at(object, "createdAt");
  fact.modified = date_at(object, "lastModified");
  for (const std::string& tag : texts_at(object, "tags")) {
    std::string_view rest;
    if (starts(tag, "license:", rest)) {
      fact.license = rest;
    } else if (starts(tag, "language:", rest)) {
      fact.languages.emplace_back(rest);
    } else if (starts(tag, "task_categories:", rest)) {
      fact.tasks.emplace_back(rest);
    } else if (starts(tag, "size_categories:", rest)) {
      fact.size = rest;
    } else if (tag.find(':') == std::string::npos && fact.tags.size() < 24) {
      fact.tags.push_back(tag);
    }
  }
  return fact;
}

// The array itself, or in a member.
Result<json::array> entries(std::string_view text, std::string_view name, std::string_view what) {
  ZUBR_TRY(root, parse_json(text, what));
  if (root.is_object()) {
    if (const json::array* inner = array_at(root.get_object(), name)) return *inner;
  }
  if (!root.is_array()) return fail(ErrorCode::kCorrupt, "{} is no list", what);
  return std::move(root.get_array());
}

}  // namespace

Result<Facts> import_hub_models(std::string_view text) {
  ZUBR_TRY(list, entries(text, "models", "the list of models"));
  Facts facts;
  for (const json::value& entry : list) {
    auto fact = entry.is_object() ? model_fact(entry.get_object()) : std::nullopt;
    fact ? facts.models.push_back(std::move(*fact)) : void(++facts.skipped);
  }
  return facts;
}

Result<Facts> import_hub_datasets(std::string_view text) {
  ZUBR_TRY(list, entries(text, "datasets", "the list of data sets"));
  Facts facts;
  for (const json::value& entry : list) {
    auto fact = entry.is_object() ? dataset_fact(entry.get_object()) : std::nullopt;
    fact ? facts.datasets.push_back(std::move(*fact)) : void(++facts.skipped);
  }
  return facts;
}

Result<Facts> import_hub_leaderboard(std::string_view text, std::string_view benchmark, std::string_view date) {
  ZUBR_TRY(list, entries(text, "leaderboard", "the leaderboard"));
  Facts facts;
  for (const json::value& entry : list) {
    const json::object* row = entry.if_object();
    const std::string model = row != nullptr ? either(*row, "model_id", "modelId") : std::string();
    const auto value = row != nullptr ? number_at(*row, "value") : std::nullopt;
    if (model.empty() || !value) {
      ++facts.skipped;
      continue;
    }
    // A listing of its own, so that a leaderboard never overwrites what the model's page says.
    ModelFact fact{.address = {"hf-leaderboard", fmt::format("{}@{}", model, benchmark)}, .also = {{"hf", model}}};
    fact.name = model.substr(model.find('/') + 1);
    fact.scores.push_back({std::string(benchmark), *value, std::string(date)});
    facts.models.push_back(std::move(fact));
  }
  return facts;
}

}  // namespace zubr::catalog
