// What runs on a machine: memory for weights and KV cache, speed from the memory's bandwidth. Pure, but for the
// measurement.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"

namespace zubr::catalog {

// Bytes a second that `threads` threads read together from memory that no cache holds; takes about `time`.
double measure_read_bandwidth(int threads, std::chrono::milliseconds time);

// Keys and values of so many tokens in all layers, of two bytes each (f16). Layers with a window keep that and a batch
// of 512 tokens, in steps of 256, as llama.cpp allocates them (llama-kv-cache-iswa.cpp); layers that look at an image
// keep its tokens. Estimated from the size where the shape is not known, on the safe side; none where neither is.
struct CacheCost {
  std::uint64_t bytes = 0;
  bool estimated = false;
};
std::optional<CacheCost> cache_cost(const ModelRecord& record, std::int64_t context);

// What the program itself and its buffers take beside weights and cache.
inline constexpr std::uint64_t kOverheadBytes = std::uint64_t{512} << 20;
// What of a memory is left for weights.
inline constexpr std::uint64_t bytes_for_weights(std::uint64_t memory) {
  return memory > kOverheadBytes ? memory - kOverheadBytes : 0;
}

struct FitRow {
  std::string quantization;
  std::string file;                                 // what `zubr pull` takes; empty where the size is computed
  std::uint64_t weights = 0, cache = 0, total = 0;  // bytes
  bool fits = false;
  // Generating one text: all weights that take part in a token, and the cache so far, are read once per token.
  double tokens_per_second_empty = 0, tokens_per_second_full = 0;
};

struct Fit {
  std::int64_t context = 0;  // tokens
  bool cache_estimated = false;
  std::vector<FitRow> rows;         // largest first
  std::optional<std::size_t> best;  // the largest that fits, but none beyond 8 bits: they cost speed, not quality
};

struct Machine {
  std::uint64_t memory = 0;  // bytes that may be used
  double bytes_per_second = 0;
};

// `context` 0: the model's own, at most 8,192. kUnsupported: its weights cannot be had, or nobody says how large it is.
Result<Fit> fit(const ModelRecord& record, const std::vector<ModelFile>& files, std::int64_t context,
                const Machine& machine);

}  // namespace zubr::catalog
