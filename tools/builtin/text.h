// Small work on UTF-8 text for the built-in model's training material: splitting, letter case, Polish letters, typing
// errors. Pure; the random source is the caller's.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace zubr::builtin {

// Where every choice in the material comes from; equal seeds give equal material.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  // 0 … count - 1
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(engine_() % count); }
  bool chance(double probability) { return static_cast<double>(engine_() >> 11) * 0x1p-53 < probability; }
  template <typename Range>
  const auto& pick(const Range& range) {
    return range[below(std::size(range))];
  }
  template <typename T>
  void shuffle(std::vector<T>& values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
  }

 private:
  std::mt19937_64 engine_;
};

std::vector<std::string> split(std::string_view text, char separator);  // trimmed, empty parts left out
std::string_view trim(std::string_view text);

// Latin and Polish letters.
std::string lower(std::string_view text);
std::string upper(std::string_view text);
std::string capitalised(std::string_view text);  // the first letter
std::string title_case(std::string_view text);   // every word's
std::string without_polish_letters(std::string_view text);
std::string with_typing_error(std::string_view text, Random& random);

// The same for equal text everywhere; for setting rows aside.
std::uint64_t stable_hash(std::string_view text);

}  // namespace zubr::builtin
