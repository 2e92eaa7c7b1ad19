#include "catalog/answers/desk.h"

#include "catalog/answers/asked.h"
#include "catalog/answers/fitting_models.h"
#include "catalog/answers/record_json.h"
#include "catalog/answers/search_arguments.h"
#include "catalog/snapshot.h"
#include "core/machine.h"

namespace zubr::catalog {
namespace {

constexpr int kMostModels = 12;  // compared

SearchArguments search_arguments(Asked& asked) {
  SearchArguments arguments{.text = asked.text("text"), .author = asked.text("author"), .task = asked.text("task")};
  arguments.language = asked.text("lang");
  arguments.license = asked.text("license");
  arguments.modality = asked.text("modality");
  arguments.parameters = asked.text("params");
  arguments.context = asked.text("context");
  arguments.max_price = asked.text("max_price");
  if (const std::string sort = asked.text("sort"); !sort.empty()) arguments.sort = sort;
  arguments.open = asked.flag("open");
  arguments.commercial = asked.flag("commercial");
  arguments.not_gated = asked.flag("not_gated");
  arguments.fits = asked.flag("fits");
  arguments.limit = asked.number("limit", 20, 1000);
  arguments.page = asked.number("page", 1, 100'000);
  arguments.dash = "";
  return arguments;
}

}  // namespace

Result<std::uint64_t> memory_of(std::string_view gigabytes, std::string_view option) {
  if (gigabytes.empty()) return core::memory_info().available;
  double value = 0;
  const auto [end, error] = std::from_chars(gigabytes.data(), gigabytes.data() + gigabytes.size(), value);
  if (error != std::errc() || end != gigabytes.data() + gigabytes.size() || !(value > 0) || value > 1e6)
    return fail(ErrorCode::kInvalidArgument, "{} '{}' is no number of GiB; an example: 24", option, gigabytes);
  return static_cast<std::uint64_t>(value * static_cast<double>(std::uint64_t{1} << 30));
}

Result<Catalog*> Desk::open() {
  if (!catalog_) {
    ZUBR_TRY(opened, Catalog::open(home_ / "catalog.db"));
    ZUBR_CHECK(add_snapshot(opened, built_in_snapshot()));
    catalog_ = std::make_unique<Catalog>(std::move(opened));
  }
  return catalog_.get();
}

Result<Machine> Desk::machine(std::string_view memory) {
  ZUBR_TRY(bytes, memory_of(memory, "memory"));
  if (bytes_per_second_ == 0) bytes_per_second_ = measure_read_bandwidth(core::usable_cores(), kMeasureBandwidthFor);
  return Machine{bytes, bytes_per_second_};
}

Result<std::string> Desk::search(const Parameters& parameters) {
  Asked asked(parameters);
  const SearchArguments arguments = search_arguments(asked);
  ZUBR_CHECK(asked.check());
  const std::scoped_lock lock(mutex_);
  ZUBR_TRY(catalog, open());
  ZUBR_TRY(query, query_of(arguments, *catalog));
  if (arguments.fits) query.fits_bytes = bytes_for_weights(core::memory_info().available);
  ZUBR_TRY(page, catalog::search(*catalog, query));
  return core::json_text(page_json(page));
}

Result<std::string> Desk::model(const std::string& name, const Parameters& parameters) {
  ZUBR_CHECK(Asked(parameters).check());
  const std::scoped_lock lock(mutex_);
  ZUBR_TRY(catalog, open());
  ZUBR_TRY(id, catalog->resolve(name));
  ZUBR_TRY(card, catalog->card(id));
  return core::json_text(card_json(card));
}

Result<std::string> Desk::compare(const Parameters& parameters) {
  Asked asked(parameters);
  const auto names = asked.texts("model");
  ZUBR_CHECK(asked.check());
  if (names.size() < 2 || names.size() > kMostModels)
    return fail(ErrorCode::kInvalidArgument, "name two to {} models: model=…&model=…", kMostModels);
  const std::scoped_lock lock(mutex_);
  ZUBR_TRY(catalog, open());
  ZUBR_TRY(cards, cards_to_compare(*catalog, names));
  std::vector<Json> items;
  for (const ModelCard& card : cards) items.push_back(card_json(card));
  return core::json_text(Json::array(std::move(items)));
}

Result<std::string> Desk::leaderboard(const Parameters& parameters) {
  Asked asked(parameters);
  std::string benchmark = asked.text("benchmark");
  const bool open_only = asked.flag("open_only"), commercial_only = asked.flag("commercial_only");
  const int limit = asked.number("limit", 30, 10'000);
  const bool list = asked.flag("list");
  ZUBR_CHECK(asked.check());
  if (open_only && commercial_only)
    return fail(ErrorCode::kInvalidArgument, "open_only and commercial_only together leave no model; give one");
  if (benchmark.empty()) benchmark = "lmarena-text";
  const std::scoped_lock lock(mutex_);
  ZUBR_TRY(catalog, open());
  if (list) {
    ZUBR_TRY(rows, benchmarks(*catalog));
    return core::json_text(benchmarks_json(rows));
  }
  const auto access = open_only ? std::optional(true) : commercial_only ? std::optional(false) : std::nullopt;
  ZUBR_TRY(rows, catalog::leaderboard(*catalog, benchmark, access, limit));
  return core::json_text(board_json(rows));
}

Result<std::string> Desk::datasets(const Parameters& parameters) {
  Asked asked(parameters);
  DatasetQuery query{.text = asked.text("text"), .author = asked.text("author"), .task = asked.text("task")};
  query.language = asked.text("lang");
  query.license = asked.text("license");
  const std::string sort = asked.text("sort");
  query.limit = asked.number("limit", 20, 1000);
  ZUBR_CHECK(asked.check());
  ZUBR_TRY(order, parse_sort(sort.empty() ? "downloads" : sort, "sort"));
  query.sort = order;
  const std::scoped_lock lock(mutex_);
  ZUBR_TRY(catalog, open());
  ZUBR_TRY(found, find_datasets(*catalog, query));
  return core::json_text(datasets_json(found));
}

Result<std::string> Desk::fits(const Parameters& parameters) {
  Asked asked(parameters);
  const std::string name = asked.text("model"), context = asked.text("context"), memory = asked.text("memory");
  const int limit = asked.number("limit", 20, 300);
  ZUBR_CHECK(asked.check());
  std::int64_t tokens = 0;
  if (!context.empty()) {
    ZUBR_TRY(parsed, parse_tokens(context, "context"));
    tokens = parsed;
  }
  const std::scoped_lock lock(mutex_);
  ZUBR_TRY(catalog, open());
  ZUBR_TRY(here, machine(memory));
  if (!name.empty()) {
    ZUBR_TRY(id, catalog->resolve(name));
    ZUBR_TRY(card, catalog->card(id));
    ZUBR_TRY(fitting, fit(card.record, card.files, tokens, here));
    return core::json_text(fit_json(card.record, fitting, here));
  }
  ZUBR_TRY(fitting, fitting_models(*catalog, tokens, limit, here));
  std::vector<Json> items;
  for (const FittingModel& one : fitting) items.push_back(fit_json(one.record, one.fit, here));
  return core::json_text(Json::array(std::move(items)));
}

}  // namespace zubr::catalog
