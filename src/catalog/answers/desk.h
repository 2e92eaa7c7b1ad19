// The catalog as questions in text and answers in JSON: what /api/catalog serves, equal to what the commands print with
// --json. Parameters have the names of the commands' options, "_" for "-"; a flag is "true", "1" or empty.
//
//   Desk desk(home);
//   ZUBR_TRY(json, desk.search({{"text", "llama"}, {"params", "7b..13b"}}));
//
// Opens $ZUBR_HOME/catalog.db at the first question and fills it from the snapshot where it is new; another process may
// update it at any time. Threads: any; one question at a time. Errors: kInvalidArgument for parameters that are not
// known or not right, kNotFound, those of catalog.h.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/fits.h"

namespace zubr::catalog {

class Desk {
 public:
  using Parameters = std::vector<std::pair<std::string, std::string>>;

  explicit Desk(std::filesystem::path home) : home_(std::move(home)) {}

  // text, author, task, lang, license, modality, params, context, max_price, sort, open, commercial, not_gated, fits,
  // limit, page
  Result<std::string> search(const Parameters& parameters);
  Result<std::string> model(const std::string& name, const Parameters& parameters);
  // model, two to twelve times
  Result<std::string> compare(const Parameters& parameters);
  // benchmark, open_only, commercial_only, limit, list
  Result<std::string> leaderboard(const Parameters& parameters);
  // text, author, task, lang, license, sort, limit
  Result<std::string> datasets(const Parameters& parameters);
  // model, context, memory, limit
  Result<std::string> fits(const Parameters& parameters);

 private:
  Result<Catalog*> open();
  Result<Machine> machine(std::string_view memory);

  const std::filesystem::path home_;
  std::mutex mutex_;
  std::unique_ptr<Catalog> catalog_;  // guarded by mutex_
  double bytes_per_second_ = 0;       // guarded by mutex_; measured once
};

// "24" GiB, or with an empty text what is free here. kInvalidArgument, naming `option`.
Result<std::uint64_t> memory_of(std::string_view gigabytes, std::string_view option);
inline constexpr std::chrono::milliseconds kMeasureBandwidthFor{300};

}  // namespace zubr::catalog
