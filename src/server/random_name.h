// Names that nobody can guess: ids of stored responses and files.
#pragma once

#include <string>
#include <string_view>

namespace zubr::server {

// The prefix and 32 hexadecimal digits. Throws std::runtime_error where the system gives no randomness.
std::string random_name(std::string_view prefix);

}  // namespace zubr::server
