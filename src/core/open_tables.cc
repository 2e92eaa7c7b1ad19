#include "core/open_tables.h"

#include <algorithm>

namespace zubr::core {
namespace {

constexpr OpenTable kTables[] = {
    {"providers",
     R"(Providers of your own, and changes to those that ship (`zubr providers`): a table `[providers.NAME]` each,
with the keys of `docs/providers.md`.

```toml
[providers.office]
base_url = "http://10.0.0.7:8000/v1"
reach = "private"
key_variable = "OFFICE_KEY"
```)"},
};

}  // namespace

std::span<const OpenTable> open_tables() { return kTables; }

bool is_in_open_table(std::string_view key) {
  return std::ranges::any_of(kTables, [&](const OpenTable& table) {
    return key.size() > table.name.size() && key.starts_with(table.name) && key[table.name.size()] == '.';
  });
}

}  // namespace zubr::core
