// The providers that there are: those that ship inside the program, changed and added to by the user's own.
//
// core/open_tables.h lets config.toml have them. In TOML, a table [providers.NAME] each; docs/providers.md shows every
// key. The reader is strict: a key that it does not know, a value of the wrong kind, an address that is none are errors
// that name file and line.
//
// Plain values; pure but for reading the file.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "providers/provider.h"

namespace zubr::providers {

class ProviderTable {
 public:
  // What ships. kInternal where that is broken, which a test finds.
  static Result<ProviderTable> built_in();

  // Adds what the text says; an entry of a name that is there already changes only the keys that it gives, but never
  // where things are sent under a name whose privacy facts stay: a new base_url forgets the facts of the old one.
  // kCorrupt, kInvalidArgument with `source` and line. On failure nothing was added.
  Result<void> add(std::string_view toml, std::string_view source);
  // [providers.*] of config.toml; a file that is not there adds nothing.
  Result<void> add_config(const std::filesystem::path& config_file);

  // By name or by one that catalogs have for it. Null: none.
  const Provider* find(std::string_view name) const;
  const std::vector<Provider>& all() const { return providers_; }  // by name

 private:
  std::vector<Provider> providers_;
};

}  // namespace zubr::providers
