// Tables of config.toml that hold no settings but entries with names of the user's own: [providers.office]. The module
// that they belong to reads and checks them; the settings leave them alone. Pure; any thread.
#pragma once

#include <span>
#include <string_view>

namespace zubr::core {

struct OpenTable {
  std::string_view name;
  std::string_view help;  // Markdown, for docs/config.md
};
std::span<const OpenTable> open_tables();

// "providers.office.base_url"
bool is_in_open_table(std::string_view key);

}  // namespace zubr::core
