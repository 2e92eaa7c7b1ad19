// Masking that can be undone: what is sensitive becomes "[PESEL_1]", the same value always the same name, and the names
// in an answer become the values again, also where a stream cuts one in two.
//
// One Mask per request; one thread at a time.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "router/guard/detectors.h"

namespace zubr::router {

class Mask {
 public:
  // `texts`: everything that the request says; names are chosen that none of them has.
  explicit Mask(const std::vector<std::string_view>& texts);

  // With the findings of these kinds (bits: 1 << kind) replaced.
  std::string hide(std::string_view text, unsigned kinds);
  std::string restore(std::string_view text, bool in_json = false) const;
  std::size_t hidden() const { return names_.size(); }  // different values

 private:
  friend class Unmasker;
  std::string opening_;                        // "[" or "[#", "[##" …
  std::map<std::string, std::string> names_;   // value → name
  std::map<std::string, std::string> values_;  // name → value
  std::map<Sensitive, int> counts_;
};

// Restores a stream: what may be the beginning of a name is held back until it is clear.
class Unmasker {
 public:
  // `in_json`: the stream is JSON and the values stand in its texts.
  explicit Unmasker(const Mask& mask, bool in_json = false) : mask_(mask), in_json_(in_json) {}
  std::string feed(std::string_view piece);
  std::string finish();  // what was still held back

 private:
  const Mask& mask_;
  bool in_json_;
  std::string held_;
};

}  // namespace zubr::router
