// What is known about a blob that is not whole yet: how large it will be, which version of it, and which bytes are
// there. A few lines of text beside the data:
//
//   zubr-partial 1
//   size 3576256
//   validator "5f3c…"
//   done 0 1048576
//   done 2097152 2162688
//   end
//
// Pure; parse and write are exact inverses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "models/blobs/byte_ranges.h"

namespace zubr::models {

struct Journal {
  std::optional<std::uint64_t> size = {};
  std::string validator = {};  // the ETag of what the bytes are from; one line
  ByteRanges done = {};
  bool operator==(const Journal&) const = default;
};

std::string journal_text(const Journal& journal);
// kCorrupt for anything that journal_text() did not write, a text cut short included.
Result<Journal> parse_journal(std::string_view text);

}  // namespace zubr::models
