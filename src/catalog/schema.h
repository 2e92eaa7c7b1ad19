// The tables of the catalog. Steps are only ever added: a file of an older program is brought up to date.
#pragma once

#include <span>
#include <string_view>

namespace zubr::catalog {

std::span<const std::string_view> schema_steps();

}  // namespace zubr::catalog
