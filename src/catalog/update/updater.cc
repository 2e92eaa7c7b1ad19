#include "catalog/update/updater.h"

#include "catalog/update/staging.h"

namespace zubr::catalog {
namespace {

constexpr std::chrono::days kKept{2};

std::string day_text(std::chrono::system_clock::time_point time) {
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(time)};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

void cut_to(std::int64_t most, Facts& facts) {
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(0, most));
  if (facts.models.size() > count) facts.models.resize(count);
  if (facts.datasets.size() > count) facts.datasets.resize(count);
}

std::int64_t size_of(const Facts& facts) {
  return static_cast<std::int64_t>(facts.models.size() + facts.datasets.size());
}

}  // namespace

// One update of one source.
class Updater::Run {
 public:
  Run(Updater& updater, SourceClient& source, const std::stop_token& stop)
      : updater_(updater),
        source_(source),
        stop_(stop),
        info_(source.info()),
        staging_(updater.catalog_, (updater.options_.dry_run ? "dry run of " : "") + info_.name) {}

  Result<UpdateReport> all() {
    ZUBR_CHECK(
        source_.prepare([this](const PageRequest& request) { return updater_.fetcher_.fetch(request, {}, stop_); }));
    info_.date = updater_.today_;
    if (updater_.options_.dry_run) ZUBR_CHECK(staging_.discard());
    ZUBR_TRY(state, staging_.open(source_.wish(), source_.first(), updater_.today_, updater_.oldest_));
    report_ = {.source = info_.name,
               .url = info_.url,
               .merged = {},
               .entries = state.entries,
               .skipped = state.skipped,
               .resumed = state.resumed,
               .whole = source_.whole()};
    std::string position = state.next;
    for (std::int64_t page = state.pages; !position.empty(); ++page) {
      if (page >= updater_.options_.max_pages)
        return fail(ErrorCode::kTooLarge, "{} has over {} pages", info_.url, updater_.options_.max_pages);
      show();
      ZUBR_TRY(following, one_page(position));
      position = std::move(following);
    }
    show();
    ZUBR_TRY(merged, staging_.publish(info_, report_.whole, !updater_.options_.dry_run));
    report_.merged = std::move(merged);
    if (updater_.options_.dry_run) ZUBR_CHECK(staging_.discard());
    return std::move(report_);
  }

 private:
  void show() const {
    const UpdateProgress progress{info_.name, report_.entries, source_.expected()};
    if (updater_.options_.on_progress) updater_.options_.on_progress(progress);
  }

  // Reads and keeps the page at a position; the position after it.
  Result<std::string> one_page(const std::string& position) {
    const PageRequest request = source_.request(position);
    ZUBR_TRY(again, staging_.has(request.url));
    if (again)
      return fail(ErrorCode::kCorrupt, "the pages of {} go round in a circle: {} comes again; tell its makers",
                  host_of(request.url), request.url.substr(0, request.url.find('?')));
    ZUBR_TRY(known, staging_.known(request.url));
    auto answer = updater_.fetcher_.fetch(request, known ? known->validator : Validator{}, stop_);
    if (!answer && answer.error().code() == ErrorCode::kNotFound && source_.may_miss())
      return missed(position, request);
    if (!answer) return fail(answer.error());
    ++report_.pages;
    if (answer->status == 304) return unchanged(position, request, *known, *answer);
    auto page = take(position, request, *answer);
    // A proxy may have cut it: once more, and not from anybody's cache.
    if (!page && page.error().code() == ErrorCode::kCorrupt) {
      PageRequest fresh = request;
      fresh.headers.add("Cache-Control", "no-cache");
      ZUBR_TRY(second, updater_.fetcher_.fetch(fresh, {}, stop_));
      page = take(position, request, second);
    }
    return page;
  }

  Result<std::string> take(const std::string& position, const PageRequest& request, const net::HttpResponse& answer) {
    auto facts = source_.read(position, answer);
    if (!facts && facts.error().code() != ErrorCode::kCorrupt) return fail(facts.error());
    if (!facts)
      return fail(ErrorCode::kCorrupt,
                  "{}: {}; nothing of it was taken, run the same command again, and if it stays so "
                  "check the setting {}",
                  host_of(request.url), facts.error().message(), request.setting);
    ZUBR_TRY(next, source_.next(position, answer, static_cast<std::size_t>(size_of(*facts) + facts->skipped)));
    if (source_.max_entries()) {
      cut_to(*source_.max_entries() - report_.entries, *facts);
      if (report_.entries + size_of(*facts) >= *source_.max_entries()) next.clear();
    }
    const std::string lines = lines_of(*facts);
    const StagedPage page{request.url,
                          next,
                          {std::string(answer.headers.get("etag")), std::string(answer.headers.get("last-modified"))},
                          false,
                          lines};
    return keep(page, size_of(*facts), facts->skipped);
  }

  Result<std::string> unchanged(const std::string& position, const PageRequest& request, const KnownAnswer& known,
                                const net::HttpResponse& answer) {
    ++report_.unchanged_pages;
    ZUBR_TRY(next, source_.next(position, answer, 1));
    if (next.empty()) next = known.next;
    if (source_.max_entries() && report_.entries + known.entries >= *source_.max_entries()) next.clear();
    return keep({request.url, next, known.validator, true, known.names}, known.entries, 0);
  }

  Result<std::string> missed(const std::string& position, const PageRequest& request) {
    ZUBR_TRY(next, source_.next(position, {}, 1));
    return keep({request.url, next, {}, false, {}}, 0, 1);
  }

  Result<std::string> keep(const StagedPage& page, std::int64_t entries, std::int64_t skipped) {
    ZUBR_CHECK(staging_.keep(page, entries, skipped));
    report_.entries += entries;
    report_.skipped += skipped;
    return page.next;
  }

  Updater& updater_;
  SourceClient& source_;
  const std::stop_token& stop_;
  SourceInfo info_;
  Staging staging_;
  UpdateReport report_;
};

Updater::Updater(Catalog& catalog, net::HttpClient& client, UpdateOptions options, const core::Clock& clock)
    : catalog_(catalog),
      options_(std::move(options)),
      fetcher_(client, options_.fetch),
      today_(day_text(clock.wall())),
      oldest_(day_text(clock.wall() - kKept)) {}

Result<UpdateReport> Updater::update(SourceClient& source, const std::stop_token& stop) {
  return Run(*this, source, stop).all();
}

}  // namespace zubr::catalog
