// A source of facts on the network, as pages: what to ask for, and how to read what comes. One implementation per
// source, each in a file of its own; updater.h drives them.
//
// A client knows positions: text that names a page, kept in the catalog, so that another run goes on from it. It does
// no waiting, no storing and no network of its own.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalog/facts.h"
#include "catalog/update/page_fetcher.h"

namespace zubr::catalog {

class SourceClient {
 public:
  virtual ~SourceClient() = default;

  // Name, address and licence; the day is the updater's.
  virtual SourceInfo info() const = 0;
  // What is asked for. An interrupted update goes on only where this is still the same.
  virtual std::string wish() const { return info().url; }
  // False where only a part is asked for: then nothing of the source is gone because it was not met.
  virtual bool whole() const { return true; }
  virtual std::optional<std::int64_t> max_entries() const { return std::nullopt; }

  // Once before the first page: lists that the pages need, fetched anew by every run.
  using Fetch = std::function<Result<net::HttpResponse>(const PageRequest&)>;
  virtual Result<void> prepare(const Fetch& fetch);

  // Empty: there is nothing to read.
  virtual std::string first() const = 0;
  virtual PageRequest request(const std::string& position) const = 0;
  // kCorrupt: no such document.
  virtual Result<Facts> read(const std::string& position, const net::HttpResponse& answer) const = 0;
  // The position after this; empty = none. `entries`: of this page. kCorrupt: leads away from the source.
  virtual Result<std::string> next(const std::string& position, const net::HttpResponse& answer,
                                   std::size_t entries) const;
  // Whether a page that is not there (404) is only left out, because there are many.
  virtual bool may_miss() const { return false; }
  // How many pages or entries there are, where that is known: for the progress.
  virtual std::int64_t expected() const { return 0; }
};

// What of Hugging Face is read. Everything empty: the most downloaded.
struct HubFilter {
  std::string search = {}, author = {}, task = {}, language = {}, license = {};
  std::vector<std::string> tags = {};
  std::optional<std::int64_t> min_parameters = {}, max_parameters = {};
  std::optional<bool> gated = {};
  std::string sort = {};  // "trending", "downloads", "likes", "created", "modified"; empty = downloads
  std::optional<std::int64_t> limit = {};
  bool operator==(const HubFilter&) const = default;
};
inline constexpr const char* kHubSorts = "trending|downloads|likes|created|modified";

// Addresses without a slash at the end.
struct UpdateSites {
  std::string hf = "https://huggingface.co", hf_token = {};
  std::string openrouter = "https://openrouter.ai/api/v1";
  std::string ollama = "https://ollama.com", ollama_registry = "https://registry.ollama.ai";
  std::string litellm, models_dev, lmarena, aider, open_llm;
  std::int64_t hf_models = 0, hf_datasets = 0;  // at most so many
};

std::unique_ptr<SourceClient> hub_models_client(const UpdateSites& sites, const HubFilter& filter);
// Data sets have no number of parameters: that part of the filter is not used.
std::unique_ptr<SourceClient> hub_datasets_client(const UpdateSites& sites, const HubFilter& filter);
std::unique_ptr<SourceClient> hub_boards_client(const UpdateSites& sites, std::string day);
std::unique_ptr<SourceClient> openrouter_client(const UpdateSites& sites);
// `models`: of OpenRouter's list.
std::unique_ptr<SourceClient> openrouter_endpoints_client(const UpdateSites& sites, std::vector<std::string> models);
std::unique_ptr<SourceClient> ollama_client(const UpdateSites& sites);
std::unique_ptr<SourceClient> litellm_client(const UpdateSites& sites);
std::unique_ptr<SourceClient> models_dev_client(const UpdateSites& sites);
std::unique_ptr<SourceClient> lmarena_client(const UpdateSites& sites, std::string day);
std::unique_ptr<SourceClient> aider_client(const UpdateSites& sites);
std::unique_ptr<SourceClient> open_llm_client(const UpdateSites& sites, std::string day);

}  // namespace zubr::catalog
