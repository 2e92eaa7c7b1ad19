// Brings the catalog up to date from its sources: page by page into the staging area, then all of a source at once.
//
//   Updater updater(catalog, client, options);
//   const auto report = updater.update(*hub_models_client(sites, filter), stop);
//
// A source that fails leaves the catalog as it was; pages read before stay and the next update goes on after them, for
// two days. Other processes may read all the time, but only one may update: the caller sees to that.
//
// One thread.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "catalog/update/page_fetcher.h"
#include "catalog/update/source_client.h"
#include "core/clock.h"

namespace zubr::catalog {

struct UpdateProgress {
  std::string source;
  std::int64_t entries = 0, expected = 0;  // expected 0 = not known
};

struct UpdateOptions {
  FetchOptions fetch = {};
  bool dry_run = false;  // reads everything, says what would change, keeps nothing
  std::function<void(const UpdateProgress&)> on_progress = {};
  std::int64_t max_pages = 100'000;
};

struct UpdateReport {
  std::string source, url;
  MergeReport merged;
  std::int64_t entries = 0, skipped = 0;
  std::int64_t pages = 0, unchanged_pages = 0;  // of this run
  bool resumed = false;
  bool whole = false;  // what was not met is gone
};

class Updater {
 public:
  // `catalog` and `client` must live as long; `today` is YYYY-MM-DD.
  Updater(Catalog& catalog, net::HttpClient& client, UpdateOptions options, const core::Clock& clock);

  // Errors name the host and what to do. kCorrupt where pages go round in a circle or lead to another host.
  Result<UpdateReport> update(SourceClient& source, const std::stop_token& stop);

  const std::string& today() const { return today_; }

 private:
  class Run;

  Catalog& catalog_;
  UpdateOptions options_;
  PageFetcher fetcher_;
  std::string today_, oldest_;
};

}  // namespace zubr::catalog
