// Token ids, as the vocabulary of a model numbers them.
#pragma once

#include <cstdint>
#include <vector>

namespace zubr::engine {

using Token = std::int32_t;
using Tokens = std::vector<Token>;
inline constexpr Token kNoToken = -1;

}  // namespace zubr::engine
