// Another quantization of a model file, by llama.cpp.
//
// Threads: blocks the caller's, uses `threads` others. The target appears whole or not at all, and only when it loads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "core/result.h"

namespace zubr::engine {

struct QuantizationType {
  std::string_view name;          // "Q4_K_M"
  int number = 0;                 // llama.cpp's
  std::string_view about;         // bits per weight, as llama.cpp counts them for a model of 8 billion weights
  bool wants_importance = false;  // cannot be made without an importance matrix
};

// All that llama.cpp can write, the smallest first.
std::span<const QuantizationType> quantization_types();

// "q4_k_m", "Q4_K" → Q4_K_M. kInvalidArgument names the nearest and lists all.
Result<QuantizationType> quantization_type(std::string_view name);

struct QuantizeOptions {
  std::filesystem::path from, to;
  QuantizationType type;
  std::filesystem::path importance = {};                   // llama.cpp's importance matrix, as GGUF; empty = none
  int threads = 0;                                         // 0 = one per core
  std::function<void(int done, int total)> progress = {};  // tensors, on the caller's thread
};

struct QuantizeReport {
  std::uint64_t bytes_before = 0, bytes_after = 0;
  bool requantized = false;  // it was quantized already: worse than from the original
};

// kUnsupported: a type that wants an importance matrix and has none, an architecture that is not known. kCorrupt: no
// model. kCancelled between two tensors. Errors of core::AtomicFile.
Result<QuantizeReport> quantize(const QuantizeOptions& options, const std::stop_token& stop);

// Would Model::load() take the file? Reads header and vocabulary, not the weights.
Result<void> check_loads(const std::filesystem::path& file);

}  // namespace zubr::engine
