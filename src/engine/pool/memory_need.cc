#include "engine/pool/memory_need.h"

#include <algorithm>
#include <string>

#include "formats/gguf_header.h"

namespace zubr::engine {
namespace {

constexpr std::int64_t kContextByItself = 32 * 1024;
constexpr std::uint64_t kMemoryShare = 8;
constexpr std::int64_t kBytesOfKeyAndValue = 4;

// Layers whose numbers of heads differ have an array there, and count as if all were as wide as the embedding.
std::int64_t cache_bytes_per_token(const formats::GgufHeader& header) {
  const std::string prefix = std::string(header.architecture()) + '.';
  const auto number = [&](const char* key, std::int64_t otherwise) {
    return std::max<std::int64_t>(0, header.integer(prefix + key).value_or(otherwise));
  };
  const std::int64_t layers = number("block_count", 0);
  const std::int64_t width = number("embedding_length", 0);
  const std::int64_t heads = std::max<std::int64_t>(1, number("attention.head_count", 1));
  const std::int64_t kv_heads = std::clamp<std::int64_t>(number("attention.head_count_kv", heads), 0, heads);
  const std::int64_t key_length = number("attention.key_length", width / heads);
  // A hostile header may say anything; a model that needs more than this is refused for its size anyhow.
  constexpr double kMost = 1e12;
  const double bytes = static_cast<double>(kBytesOfKeyAndValue) * static_cast<double>(layers) *
                       static_cast<double>(key_length) * static_cast<double>(kv_heads);
  return static_cast<std::int64_t>(std::min(bytes, kMost));
}

}  // namespace

Result<std::uint64_t> memory_need(const std::filesystem::path& file, const IntendedUse& use,
                                  std::uint64_t machine_memory) {
  ZUBR_TRY(header, formats::read_gguf_header(file));
  const std::int64_t trained = std::clamp<std::int64_t>(header.context_length().value_or(0), 0, kContextByItself);
  const double context = static_cast<double>(use.context_tokens > 0 ? use.context_tokens : trained);
  const double cache = context * use.parallel * static_cast<double>(cache_bytes_per_token(header));
  const std::uint64_t most = machine_memory / kMemoryShare;
  const std::uint64_t weights = header.file_bytes * (use.packed ? 2 : 1);
  return weights + (cache > static_cast<double>(most) ? most : static_cast<std::uint64_t>(cache));
}

}  // namespace zubr::engine
