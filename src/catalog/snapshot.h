// A catalog in a few hundred kilobytes: the facts of several sources as text, compressed. One is inside the program
// (assets/catalog/snapshot.zst, made by tools/catalog_snapshot), so that search works before anything was fetched.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"

namespace zubr::catalog {

struct SourceFacts {
  SourceInfo source;
  Facts facts;
};

std::string write_snapshot(const std::vector<SourceFacts>& sources);
// kCorrupt, kTooLarge (more than 256 MiB of text).
Result<std::vector<SourceFacts>> read_snapshot(std::string_view bytes);

// The one inside the program; empty in a build without.
std::string_view built_in_snapshot();
// Adds what the snapshot has to a catalog that does not have it yet; what was read from a source since is not touched.
// False when there was nothing to do.
Result<bool> add_snapshot(Catalog& catalog, std::string_view bytes);

}  // namespace zubr::catalog
