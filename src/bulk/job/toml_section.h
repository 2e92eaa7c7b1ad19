// TomlSection: one table of a job file, read strictly. Whoever reads it asks for every key that may be there; finish()
// refuses what nobody asked for, naming it, the nearest key and all that are allowed. Errors name file and line.
// One thread; views the values, which must outlive it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/toml.h"

namespace zubr::bulk {

class TomlSection {
 public:
  // The values below `path` (empty: the whole file). `source` is the file's name.
  TomlSection(std::span<const core::TomlValue> values, std::vector<std::string> path, std::string source);

  bool has(std::string_view key);
  // "" where it is not there.
  Result<std::string> text(std::string_view key);
  Result<std::string> required_text(std::string_view key, std::string_view example);
  // One of `choices`; the first where it is not there.
  Result<std::string> choice(std::string_view key, std::span<const std::string_view> choices);
  Result<std::int64_t> integer(std::string_view key, std::int64_t fallback, std::int64_t min, std::int64_t max);
  Result<double> number(std::string_view key, double fallback, double min, double max);
  Result<bool> boolean(std::string_view key, bool fallback);
  // A text or an array of texts.
  Result<std::vector<std::string>> texts(std::string_view key);
  // Of [[key]]; of [key] (empty where it is not there).
  std::vector<TomlSection> items(std::string_view key);
  TomlSection section(std::string_view key);

  Result<void> finish() const;

  // "job.toml:7: " and the message.
  template <typename... Args>
  tl::unexpected<Error> wrong(std::string_view key, fmt::format_string<Args...> format, Args&&... args) const {
    return located(key, message(format, std::forward<Args>(args)...));
  }
  // The same for a key that is not there but has to be: one that is there and looks like it is named instead.
  tl::unexpected<Error> missing(std::string_view key, std::string text) const;
  int line() const;
  const std::string& source() const { return source_; }

 private:
  tl::unexpected<Error> located(std::string_view key, std::string text) const;
  std::string name() const;  // "[input]"
  std::string_view key_of(const core::TomlValue& value) const { return value.path[path_.size()]; }
  // The one value of the key that is no table or array; null where it is not there.
  Result<const core::TomlValue*> leaf(std::string_view key, std::initializer_list<core::TomlType> types,
                                      std::string_view wanted);

  std::vector<const core::TomlValue*> values_;
  std::vector<std::string> path_;
  std::string source_;
  std::vector<std::string> allowed_;
};

}  // namespace zubr::bulk
