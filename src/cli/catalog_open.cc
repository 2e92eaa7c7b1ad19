#include "cli/catalog_open.h"

#include <fmt/format.h>

#include <chrono>
#include <ostream>

#include "catalog/snapshot.h"

namespace zubr::cli {

Result<catalog::Catalog> open_catalog(Session& session) {
  ZUBR_TRY(opened, catalog::Catalog::open(session.home / "catalog.db"));
  ZUBR_TRY(added, catalog::add_snapshot(opened, catalog::built_in_snapshot()));
  if (added) {
    ZUBR_TRY(count, opened.model_count());
    session.console.err << message("the catalog has the {} models that this program knows", count) << "\n";
  }
  return opened;
}

std::string today(const core::Clock& clock) {
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(clock.wall())};
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

}  // namespace zubr::cli
