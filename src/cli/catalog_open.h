// The user's catalog, ready to be asked.
#pragma once

#include <string>

#include "catalog/catalog.h"
#include "cli/session.h"

namespace zubr::cli {

// $ZUBR_HOME/catalog.db, filled from the program's own snapshot at the first call.
Result<catalog::Catalog> open_catalog(Session& session);

// The day of the calendar, YYYY-MM-DD (UTC).
std::string today(const core::Clock& clock);

}  // namespace zubr::cli
