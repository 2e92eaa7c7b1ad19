// OpenAI's API, as everybody speaks it.
#include <algorithm>

#include "providers/wire/dialect.h"
#include "providers/wire/json_reading.h"
#include "providers/wire/open_ai_answer.h"
#include "providers/wire/open_ai_request.h"

namespace zubr::providers {
namespace json = boost::json;
namespace {

class OpenAi : public WireDialect {
 public:
  explicit OpenAi(const Provider& provider) : provider_(provider) {}

  net::Headers headers(const std::string& key) const override {
    net::Headers headers;
    if (!key.empty()) headers.add("Authorization", "Bearer " + key);
    return headers;
  }

  UpstreamResult<WireRequest> generation(const std::string& model,
                                         const inference::GenerateRequest& request) const override {
    return request.raw_prompt ? open_ai_completion(provider_, model, request) : open_ai_chat(provider_, model, request);
  }

  std::unique_ptr<AnswerReader> reader(const inference::GenerateRequest&, AnswerBuilder& builder) const override {
    return std::make_unique<OpenAiReader>(builder);
  }

  UpstreamResult<WireRequest> embedding(const std::string& model,
                                        const inference::EmbedRequest& request) const override {
    const json::object body{{"model", model}, {"input", json::value_from(request.texts)}, {"encoding_format", "float"}};
    return WireRequest{"/embeddings", json::serialize(body)};
  }

  UpstreamResult<Embedded> read_embeddings(std::string_view body, std::size_t texts) const override {
    auto object = read_object(body);
    if (!object) return tl::unexpected(object.error());
    if (auto error = error_in(*object, body)) return tl::unexpected(std::move(*error));
    const json::array* data = array_in(*object, "data");
    if (data == nullptr || data->size() != texts)
      return upstream_fail(Fault::kNotUnderstood, message("the answer has {} vectors for {} texts",
                                                          data == nullptr ? 0 : data->size(), texts));
    Embedded embedded;
    embedded.vectors.resize(texts);
    for (std::size_t place = 0; place < texts; ++place) {
      const json::object* entry = (*data)[place].if_object();
      const json::value* number = entry == nullptr ? nullptr : entry->if_contains("index");
      const std::size_t index = number != nullptr && number->is_int64() && number->get_int64() >= 0
                                    ? static_cast<std::size_t>(number->get_int64())
                                    : place;
      std::vector<float> values = entry == nullptr ? std::vector<float>() : vector_of(entry->if_contains("embedding"));
      if (values.empty() || index >= texts || !embedded.vectors[index].values.empty())
        return upstream_fail(Fault::kNotUnderstood,
                             message("the vector {} is missing, twice there, or no vector", index));
      embedded.vectors[index].values = std::move(values);
    }
    if (const json::object* used = object_in(*object, "usage"); used != nullptr && used->contains("prompt_tokens")) {
      embedded.usage_known = true;
      embedded.prompt_tokens = count_in(*used, "prompt_tokens");
    }
    return embedded;
  }

  std::string models_path() const override { return "/models"; }

  UpstreamResult<std::vector<std::string>> read_models(std::string_view body) const override {
    // Together answers with the list itself.
    const std::string wrapped = body.starts_with('[') ? "{\"data\":" + std::string(body) + "}" : std::string(body);
    auto object = read_object(wrapped);
    if (!object) return tl::unexpected(object.error());
    if (auto error = error_in(*object, body)) return tl::unexpected(std::move(*error));
    const json::array* data = array_in(*object, "data");
    if (data == nullptr) return upstream_fail(Fault::kNotUnderstood, message("the answer has no list of models"));
    std::vector<std::string> names;
    for (const json::value& entry : *data)
      if (entry.is_object() && !text_in(entry.get_object(), "id").empty())
        names.push_back(text_in(entry.get_object(), "id"));
    std::ranges::sort(names);
    return names;
  }

 private:
  const Provider& provider_;
};

}  // namespace

std::unique_ptr<WireDialect> make_open_ai(const Provider& provider) { return std::make_unique<OpenAi>(provider); }

}  // namespace zubr::providers
