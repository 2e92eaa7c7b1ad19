// StopFilter: lets an answer through up to the first stop string, and never a part of one.
//
// Text goes in piece by piece; a piece's end that may be the beginning of a stop string is held back until the next
// piece tells. Pieces and stop strings are whole UTF-8 characters, and so is everything that comes out. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace zubr::engine {

class StopFilter {
 public:
  // `stops`: not empty strings.
  explicit StopFilter(std::vector<std::string> stops) : stops_(std::move(stops)) {}

  // What may be shown now. "" after a stop string was found.
  std::string push(std::string_view piece);
  // The answer is over: what was held back, unless a stop string was found.
  std::string finish();

  bool stopped() const { return stopped_; }
  // The stop string that was found; "" when none was.
  const std::string& found() const { return found_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  std::string found_;
  bool stopped_ = false;
};

}  // namespace zubr::engine
