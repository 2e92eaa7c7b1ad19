#include "catalog/facts_text.h"

#include <array>
#include <cmath>

#include "catalog/sources/json_fields.h"

namespace zubr::catalog {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 5> kRelations{"", "finetune", "quantized", "adapter", "merge"};

json::string as_json(std::string_view text) { return json::string(text.data(), text.size()); }

// Adds what is known.
class Members {
 public:
  void add(std::string_view name, std::string_view text) {
    if (!text.empty()) object_[{name.data(), name.size()}] = as_json(text);
  }
  void add(std::string_view name, const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    json::array array;
    for (const std::string& text : texts) array.push_back(as_json(text));
    object_[{name.data(), name.size()}] = std::move(array);
  }
  void add(std::string_view name, const std::optional<PicoDollars>& amount) {
    if (amount) object_[{name.data(), name.size()}] = amount->count;
  }
  void add(std::string_view name, const std::optional<double>& number) {
    if (!number) return;
    // Whole numbers shorter, as the others are.
    if (std::trunc(*number) == *number && std::abs(*number) < 1e15) {
      object_[{name.data(), name.size()}] = static_cast<std::int64_t>(*number);
    } else {
      object_[{name.data(), name.size()}] = *number;
    }
  }
  template <typename T>
  void add(std::string_view name, const std::optional<T>& value) {
    if (value) object_[{name.data(), name.size()}] = *value;
  }
  void add_count(std::string_view name, std::uint64_t value) {
    if (value != 0) object_[{name.data(), name.size()}] = value;
  }
  void add_array(std::string_view name, json::array array) {
    if (!array.empty()) object_[{name.data(), name.size()}] = std::move(array);
  }
  json::object take() { return std::move(object_); }

 private:
  json::object object_;
};

json::object offer_json(const Offer& offer) {
  Members members;
  members.add("provider", offer.provider);
  members.add("tag", offer.tag);
  members.add("in", offer.input);
  members.add("out", offer.output);
  members.add("cached", offer.cached_input);
  members.add("context", offer.context);
  members.add("max_out", offer.max_output);
  members.add("quant", offer.quantization);
  members.add("latency", offer.latency_ms);
  members.add("speed", offer.tokens_per_second);
  members.add("trains", offer.trains);
  members.add("retains", offer.retains);
  members.add("region", offer.region);
  return members.take();
}

std::optional<PicoDollars> pico_at(const json::object& object, std::string_view name) {
  const auto count = count_at(object, name);
  return count ? std::optional(PicoDollars{*count}) : std::nullopt;
}

Offer parse_offer(const json::object& object) {
  return {.provider = text_at(object, "provider"),
          .tag = text_at(object, "tag"),
          .input = pico_at(object, "in"),
          .output = pico_at(object, "out"),
          .cached_input = pico_at(object, "cached"),
          .context = count_at(object, "context"),
          .max_output = count_at(object, "max_out"),
          .quantization = text_at(object, "quant"),
          .latency_ms = number_at(object, "latency"),
          .tokens_per_second = number_at(object, "speed"),
          .trains = flag_at(object, "trains"),
          .retains = flag_at(object, "retains"),
          .region = text_at(object, "region")};
}

void add_parts(const ModelFact& fact, Members& members) {
  json::array offers, files, scores;
  for (const Offer& offer : fact.offers) offers.push_back(offer_json(offer));
  for (const ModelFile& file : fact.files) {
    Members one;
    one.add("name", file.name);
    one.add("quant", file.quantization);
    one.add_count("bytes", file.bytes);
    files.push_back(one.take());
  }
  for (const Score& score : fact.scores) {
    Members one;
    one.add("benchmark", score.benchmark);
    one.add("value", std::optional(score.value));
    one.add("date", score.date);
    scores.push_back(one.take());
  }
  members.add_array("offers", std::move(offers));
  members.add_array("files", std::move(files));
  members.add_array("scores", std::move(scores));
}

void parse_parts(const json::object& object, ModelFact& fact) {
  if (const json::array* offers = array_at(object, "offers"))
    for (const json::value& offer : *offers)
      if (offer.is_object()) fact.offers.push_back(parse_offer(offer.get_object()));
  if (const json::array* files = array_at(object, "files"))
    for (const json::value& file : *files)
      if (file.is_object())
        fact.files.push_back({text_at(file.get_object(), "name"), text_at(file.get_object(), "quant"),
                              static_cast<std::uint64_t>(count_at(file.get_object(), "bytes").value_or(0))});
  if (const json::array* scores = array_at(object, "scores"))
    for (const json::value& score : *scores)
      if (score.is_object())
        fact.scores.push_back({text_at(score.get_object(), "benchmark"),
                               number_at(score.get_object(), "value").value_or(0),
                               text_at(score.get_object(), "date")});
}

Result<json::object> parse_line(std::string_view line) {
  ZUBR_TRY(root, parse_json(line, "a line of the catalog"));
  if (!root.is_object()) return fail(ErrorCode::kCorrupt, "a line of the catalog is no JSON object");
  return std::move(root.get_object());
}

std::string line_of(json::object object) { return json::serialize(object); }

}  // namespace

std::string_view relation_text(BaseRelation relation) { return kRelations[static_cast<std::size_t>(relation)]; }
BaseRelation relation_of(std::string_view text) {
  for (std::size_t i = 1; i < kRelations.size(); ++i)
    if (text == kRelations[i]) return static_cast<BaseRelation>(i);
  return BaseRelation::kNone;
}

std::string fact_line(const ModelFact& fact, FactParts parts) {
  Members members;
  members.add("source", fact.address.source);
  members.add("address", fact.address.name);
  json::array also;
  for (const Address& address : fact.also) also.push_back({as_json(address.source), as_json(address.name)});
  members.add_array("also", std::move(also));
  members.add("name", fact.name);
  members.add("author", fact.author);
  members.add("task", fact.task);
  members.add("open", fact.open);
  members.add("license", fact.license);
  members.add("parameters", fact.parameters);
  members.add("active", fact.active_parameters);
  members.add("context", fact.context);
  members.add_count("inputs", fact.inputs);
  members.add_count("outputs", fact.outputs);
  members.add("languages", fact.languages);
  members.add("tags", fact.tags);
  members.add("gated", fact.gated);
  members.add("downloads", fact.downloads);
  members.add("likes", fact.likes);
  members.add("pulls", fact.pulls);
  members.add("trending", fact.trending);
  members.add("rank", fact.rank);
  members.add("created", fact.created);
  members.add("modified", fact.modified);
  members.add("base", fact.base);
  members.add("relation", relation_text(fact.relation));
  members.add("summary", fact.summary);
  members.add("layers", fact.layers);
  members.add("kv_heads", fact.kv_heads);
  members.add("head_size", fact.head_size);
  members.add("window_layers", fact.window_layers);
  members.add("window", fact.window);
  members.add("image_layers", fact.image_layers);
  members.add("image_tokens", fact.image_tokens);
  if (parts == FactParts::kAll) add_parts(fact, members);
  return line_of(members.take());
}

std::string fact_line(const DatasetFact& fact) {
  Members members;
  members.add("dataset", fact.name);
  members.add("license", fact.license);
  members.add("size", fact.size);
  members.add("languages", fact.languages);
  members.add("tasks", fact.tasks);
  members.add("tags", fact.tags);
  members.add("downloads", fact.downloads);
  members.add("likes", fact.likes);
  members.add("trending", fact.trending);
  members.add("created", fact.created);
  members.add("modified", fact.modified);
  return line_of(members.take());
}

std::string fact_line(const SourceInfo& source) {
  Members members;
  members.add("facts_of", source.name);
  members.add("url", source.url);
  members.add("date", source.date);
  members.add("license", source.license);
  return line_of(members.take());
}

Result<ModelFact> parse_model_fact(std::string_view line) {
  ZUBR_TRY(object, parse_line(line));
  ModelFact fact;
  fact.address = {text_at(object, "source"), text_at(object, "address")};
  if (fact.address.source.empty() || fact.address.name.empty())
    return fail(ErrorCode::kCorrupt, "a line of the catalog names no model");
  if (const json::array* also = array_at(object, "also"))
    for (const json::value& pair : *also)
      if (pair.is_array() && pair.get_array().size() == 2 && pair.get_array()[0].is_string() &&
          pair.get_array()[1].is_string())
        fact.also.push_back(
            {std::string(pair.get_array()[0].get_string()), std::string(pair.get_array()[1].get_string())});
  fact.name = text_at(object, "name");
  fact.author = text_at(object, "author");
  fact.task = text_at(object, "task");
  fact.open = flag_at(object, "open");
  fact.license = text_at(object, "license");
  fact.parameters = count_at(object, "parameters");
  fact.active_parameters = count_at(object, "active");
  fact.context = count_at(object, "context");
  fact.inputs = static_cast<unsigned>(count_at(object, "inputs").value_or(0));
  fact.outputs = static_cast<unsigned>(count_at(object, "outputs").value_or(0));
  fact.languages = texts_at(object, "languages");
  fact.tags = texts_at(object, "tags");
  fact.gated = flag_at(object, "gated");
  fact.downloads = count_at(object, "downloads");
  fact.likes = count_at(object, "likes");
  fact.pulls = count_at(object, "pulls");
  fact.trending = number_at(object, "trending");
  fact.rank = count_at(object, "rank");
  fact.created = date_at(object, "created");
  fact.modified = date_at(object, "modified");
  fact.base = text_at(object, "base");
  fact.relation = relation_of(text_at(object, "relation"));
  fact.summary = text_at(object, "summary");
  fact.layers = count_at(object, "layers");
  fact.kv_heads = count_at(object, "kv_heads");
  fact.head_size = count_at(object, "head_size");
  fact.window_layers = count_at(object, "window_layers");
  fact.window = count_at(object, "window");
  fact.image_layers = count_at(object, "image_layers");
  fact.image_tokens = count_at(object, "image_tokens");
  parse_parts(object, fact);
  return fact;
}

Result<DatasetFact> parse_dataset_fact(std::string_view line) {
  ZUBR_TRY(object, parse_line(line));
  DatasetFact fact;
  fact.name = text_at(object, "dataset");
  if (fact.name.empty()) return fail(ErrorCode::kCorrupt, "a line of the catalog names no data set");
  fact.license = text_at(object, "license");
  fact.size = text_at(object, "size");
  fact.languages = texts_at(object, "languages");
  fact.tasks = texts_at(object, "tasks");
  fact.tags = texts_at(object, "tags");
  fact.downloads = count_at(object, "downloads");
  fact.likes = count_at(object, "likes");
  fact.trending = number_at(object, "trending");
  fact.created = date_at(object, "created");
  fact.modified = date_at(object, "modified");
  return fact;
}

Result<SourceInfo> parse_source_info(std::string_view line) {
  ZUBR_TRY(object, parse_line(line));
  SourceInfo source{text_at(object, "facts_of"), text_at(object, "url"), text_at(object, "date"),
                    text_at(object, "license")};
  if (source.name.empty()) return fail(ErrorCode::kCorrupt, "a line of the catalog names no source");
  return source;
}

}  // namespace zubr::catalog
