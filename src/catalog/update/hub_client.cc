// Hugging Face: GET /api/models and /api/datasets, pages by Link (https://huggingface.co/docs/hub/api), and the boards
// of data sets that are official benchmarks, GET /api/datasets/{id}/leaderboard.
#include <array>

#include "catalog/sources/importers.h"
#include "catalog/update/listed_pages.h"
#include "net/message_fields.h"
#include "net/url.h"

namespace zubr::catalog {
namespace {

constexpr std::int64_t kPage = 500;

std::string_view sort_word(std::string_view sort) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kWords{{{"trending", "trendingScore"},
                                                                                 {"downloads", "downloads"},
                                                                                 {"likes", "likes"},
                                                                                 {"created", "createdAt"},
                                                                                 {"modified", "lastModified"}}};
  for (const auto& [name, word] : kWords)
    if (name == sort) return word;
  return "downloads";
}

class Parameters {
 public:
  explicit Parameters(std::string url) : url_(std::move(url)) {}
  void add(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    url_ += fmt::format("{}{}={}", url_.find('?') == std::string::npos ? '?' : '&', name, net::percent_encode(value));
  }
  const std::string& url() const { return url_; }

 private:
  std::string url_;
};

// 8000000000 → "8B"; what is no round number stays exact enough in millions.
std::string size_word(std::int64_t parameters) {
  return parameters % 1'000'000'000 == 0 ? fmt::format("{}B", parameters / 1'000'000'000)
                                         : fmt::format("{}M", parameters / 1'000'000);
}

net::Headers authorization(const UpdateSites& sites) {
  net::Headers headers;
  if (!sites.hf_token.empty()) headers.add("Authorization", "Bearer " + sites.hf_token);
  return headers;
}

PageRequest hub_request(const UpdateSites& sites, std::string url) {
  PageRequest request{.url = std::move(url), .headers = authorization(sites), .setting = "models.hf_endpoint"};
  if (!sites.hf_token.empty()) request.token_env = "HF_TOKEN";
  return request;
}

class HubList : public SourceClient {
 public:
  HubList(const UpdateSites& sites, HubFilter filter, bool datasets)
      : sites_(sites), filter_(std::move(filter)), datasets_(datasets) {}

  SourceInfo info() const override {
    return {.name = datasets_ ? "hf-datasets" : "hf", .url = list_url(), .date = {}, .license = {}};
  }
  std::string wish() const override { return fmt::format("{} {}", first(), limit()); }
  // The list is longer than anybody wants: a model that is not met may only be less in use.
  bool whole() const override { return false; }
  std::optional<std::int64_t> max_entries() const override { return limit(); }
  std::int64_t expected() const override { return limit(); }

  std::string first() const override {
    Parameters parameters(list_url());
    parameters.add("search", filter_.search);
    parameters.add("author", filter_.author);
    if (datasets_) {
      if (!filter_.task.empty()) parameters.add("filter", "task_categories:" + filter_.task);
      if (!filter_.language.empty()) parameters.add("filter", "language:" + filter_.language);
    } else {
      parameters.add("pipeline_tag", filter_.task);
      parameters.add("filter", filter_.language);
      if (filter_.min_parameters || filter_.max_parameters) parameters.add("num_parameters", sizes());
    }
    if (!filter_.license.empty()) parameters.add("filter", "license:" + filter_.license);
    for (const std::string& tag : filter_.tags) parameters.add("filter", tag);
    if (filter_.gated) parameters.add("gated", *filter_.gated ? "true" : "false");
    parameters.add("sort", sort_word(filter_.sort));
    parameters.add("direction", "-1");
    parameters.add("limit", std::to_string(std::min(kPage, limit())));
    for (const char* word : {"createdAt", "downloads", "gated", "lastModified", "likes", "tags", "trendingScore"})
      parameters.add("expand", word);
    if (!datasets_)
      for (const char* word : {"author", "gguf", "pipeline_tag", "safetensors", "siblings"})
        parameters.add("expand", word);
    return parameters.url();
  }

  PageRequest request(const std::string& position) const override { return hub_request(sites_, position); }

  Result<Facts> read(const std::string&, const net::HttpResponse& answer) const override {
    return datasets_ ? import_hub_datasets(answer.body) : import_hub_models(answer.body);
  }

  Result<std::string> next(const std::string& position, const net::HttpResponse& answer,
                           std::size_t entries) const override {
    const auto link = net::parse_next_link(answer.headers.get("link"));
    if (!link || entries == 0) return std::string();
    ZUBR_TRY(here, net::Url::parse(position));
    ZUBR_TRY(following, here.resolve(*link));
    // A token must not be lured away.
    if (!following.same_origin(here))
      return fail(ErrorCode::kCorrupt, "{} says that its next page is at {}, another host; nothing was sent there",
                  host_of(position), following.host);
    return following.text;
  }

 private:
  std::string list_url() const { return fmt::format("{}/api/{}", sites_.hf, datasets_ ? "datasets" : "models"); }
  std::int64_t limit() const { return filter_.limit.value_or(datasets_ ? sites_.hf_datasets : sites_.hf_models); }
  std::string sizes() const {
    std::string text;
    if (filter_.min_parameters) text = "min:" + size_word(*filter_.min_parameters);
    if (filter_.max_parameters) text += (text.empty() ? "max:" : ",max:") + size_word(*filter_.max_parameters);
    return text;
  }

  UpdateSites sites_;
  HubFilter filter_;
  bool datasets_;
};

// "openai/gsm8k" → "gsm8k"
std::string board_name(const std::string& dataset) {
  std::string name = dataset.substr(dataset.rfind('/') + 1);
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return name;
}

class HubBoards : public ListedPages {
 public:
  HubBoards(const UpdateSites& sites, std::string day) : sites_(sites), day_(std::move(day)) {}

  SourceInfo info() const override {
    return {.name = "hf-leaderboard",
            .url = sites_.hf + "/api/datasets?filter=benchmark:official",
            .date = {},
            .license = {}};
  }
  Result<void> prepare(const Fetch& fetch) override {
    Parameters parameters(sites_.hf + "/api/datasets");
    parameters.add("filter", "benchmark:official");
    parameters.add("limit", "1000");
    ZUBR_TRY(answer, fetch(hub_request(sites_, parameters.url())));
    ZUBR_TRY(facts, import_hub_datasets(answer.body));
    std::vector<std::string> names;
    for (const DatasetFact& fact : facts.datasets) names.push_back(fact.name);
    set_names(std::move(names));
    return {};
  }
  PageRequest request(const std::string& position) const override {
    return hub_request(sites_,
                       fmt::format("{}/api/datasets/{}/leaderboard", sites_.hf, net::percent_encode_path(position)));
  }
  Result<Facts> read(const std::string& position, const net::HttpResponse& answer) const override {
    return import_hub_leaderboard(answer.body, board_name(position), day_);
  }
  bool may_miss() const override { return true; }

 private:
  UpdateSites sites_;
  std::string day_;
};

}  // namespace

std::unique_ptr<SourceClient> hub_models_client(const UpdateSites& sites, const HubFilter& filter) {
  return std::make_unique<HubList>(sites, filter, false);
}
std::unique_ptr<SourceClient> hub_datasets_client(const UpdateSites& sites, const HubFilter& filter) {
  return std::make_unique<HubList>(sites, filter, true);
}
std::unique_ptr<SourceClient> hub_boards_client(const UpdateSites& sites, std::string day) {
  return std::make_unique<HubBoards>(sites, std::move(day));
}

}  // namespace zubr::catalog
