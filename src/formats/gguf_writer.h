// Writes a GGUF file (version 3, little endian): facts first, then tensors, each aligned to 32 bytes.
// Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
//
//   GgufWriter file;
//   file.add("general.architecture", "llama");
//   file.add_tensor("output_norm.weight", {256}, GgufType::kF32, bytes);
//   ZUBR_CHECK(file.write("model.gguf"));
//
// Everything is kept in memory until write(), which writes through AtomicFile: a reader never sees half a file. Bounds:
// at most 65,536 facts, 65,536 tensors, 4 dimensions, names of 64 bytes (as ggml has it). One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace zubr::formats {

// The tensor types that are written here; the numbers are ggml's.
enum class GgufType : std::uint32_t { kF32 = 0, kF16 = 1, kQ8_0 = 8 };

class GgufWriter {
 public:
  void add(std::string_view key, std::uint32_t value);
  void add(std::string_view key, std::int32_t value) = delete;  // GGUF tells signed from unsigned; these are unsigned
  void add(std::string_view key, float value);
  void add(std::string_view key, bool value);
  void add(std::string_view key, std::string_view value);
  void add(std::string_view key, const char* value) { add(key, std::string_view(value)); }
  void add(std::string_view key, std::span<const std::string> values);
  void add(std::string_view key, std::span<const float> values);
  void add(std::string_view key, std::span<const std::int32_t> values);

  // `dims`: ggml's order, the contiguous one first. `bytes`: the tensor in that type, exactly.
  // kInvalidArgument for a name that is taken or too long, a wrong number of dimensions or bytes.
  Result<void> add_tensor(std::string_view name, std::span<const std::uint64_t> dims, GgufType type, std::string bytes);

  // The whole file as bytes; for tests and write().
  std::string bytes() const;
  Result<void> write(const std::filesystem::path& file) const;

 private:
  struct Tensor {
    std::string name;
    std::vector<std::uint64_t> dims;
    GgufType type;
    std::string bytes;
  };

  void begin_fact(std::string_view key, std::uint32_t type);

  std::string facts_;
  std::uint64_t fact_count_ = 0;
  std::vector<Tensor> tensors_;
};

// Bytes of a row of `elements`; 0 when the type cannot hold a row of that length.
std::uint64_t gguf_row_bytes(GgufType type, std::uint64_t elements);

}  // namespace zubr::formats
