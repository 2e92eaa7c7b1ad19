// Tensors of a GGUF file as numbers and back, in every type that ggml has. Threads: any.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/result.h"

namespace zubr::engine {

// Bytes of `elements` in rows of `row` of ggml's type; 0 for a type that is not known or cannot hold such rows.
std::uint64_t tensor_bytes(std::uint32_t type, std::uint64_t row, std::uint64_t elements);

// kUnsupported for a type without numbers (or unknown), kCorrupt for a wrong number of bytes.
Result<void> decode_tensor(std::string_view bytes, std::uint32_t type, std::uint64_t row, std::span<float> values);

// kUnsupported for a type that needs an importance matrix or cannot hold rows of that length.
Result<std::string> encode_tensor(std::span<const float> values, std::uint32_t type, std::uint64_t row);

// "q4_K"; "" for an unknown number.
std::string_view tensor_type_name(std::uint32_t type);

}  // namespace zubr::engine
