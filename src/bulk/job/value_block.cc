#include "bulk/job/value_block.h"

#include <xxhash.h>

#include <cstring>
#include <utility>

namespace zubr::bulk {
namespace {
constexpr std::size_t kChecksumBytes = 8;
}

void BlockWriter::add(std::optional<std::string_view> value) {
  std::uint64_t length = value ? value->size() + 1 : 0;
  while (length >= 0x80) {
    bytes_ += static_cast<char>((length & 0x7f) | 0x80);
    length >>= 7;
  }
  bytes_ += static_cast<char>(length);
  if (value) bytes_.append(*value);
}

std::string BlockWriter::take() {
  const std::uint64_t checksum = XXH3_64bits(bytes_.data(), bytes_.size());
  char raw[kChecksumBytes];
  std::memcpy(raw, &checksum, sizeof raw);
  bytes_.append(raw, sizeof raw);
  return std::exchange(bytes_, {});
}

Result<BlockReader> BlockReader::open(std::string_view block) {
  if (block.size() < kChecksumBytes) return fail(ErrorCode::kCorrupt, "a block of {} bytes is none", block.size());
  const std::string_view body = block.substr(0, block.size() - kChecksumBytes);
  std::uint64_t checksum = 0;
  std::memcpy(&checksum, block.data() + body.size(), sizeof checksum);
  if (checksum != XXH3_64bits(body.data(), body.size()))
    return fail(ErrorCode::kCorrupt, "a block of {} bytes is damaged: its checksum is another", block.size());
  return BlockReader(body);
}

Result<std::optional<std::string_view>> BlockReader::next() {
  std::uint64_t length = 0;
  std::size_t at = 0;
  for (int shift = 0;; shift += 7) {
    if (at >= rest_.size() || shift > 56) return fail(ErrorCode::kCorrupt, "a block ends in the middle of a value");
    const auto byte = static_cast<unsigned char>(rest_[at++]);
    length |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  if (length == 0) {
    rest_.remove_prefix(at);
    return std::optional<std::string_view>();
  }
  if (length - 1 > rest_.size() - at) return fail(ErrorCode::kCorrupt, "a block ends in the middle of a value");
  const std::string_view value = rest_.substr(at, length - 1);
  rest_.remove_prefix(at + length - 1);
  return std::optional(value);
}

}  // namespace zubr::bulk
