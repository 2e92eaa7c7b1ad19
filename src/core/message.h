// User-facing text goes through message(): the English format string is the key of the catalog, so code stays readable
// and another language is a table beside it.
//
//   message("model '{}' is not here; run: zubr models list", name)
//
// set_language("pl") picks a catalog for the whole process; call it once at start, before other threads. A string that
// a catalog lacks, or whose translation does not fit its arguments, is shown in English.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace zubr::core {

// The translation of an English format string, or the string itself.
std::string_view translate(std::string_view english);

// "en" or "pl"; false when the language is not known (English stays).
bool set_language(std::string_view language);

template <typename... Args>
std::string message(fmt::format_string<Args...> english, Args&&... args) {
  const fmt::string_view format = english;
  const std::string_view text{format.data(), format.size()};
  const std::string_view translated = translate(text);
  if (translated.data() == text.data()) return fmt::format(english, std::forward<Args>(args)...);
  try {
    return fmt::vformat(fmt::string_view{translated.data(), translated.size()}, fmt::make_format_args(args...));
  } catch (const fmt::format_error&) {
    return fmt::format(english, std::forward<Args>(args)...);
  }
}

}  // namespace zubr::core

namespace zubr {
using core::message;
}  // namespace zubr
