// float32 to the tensor types of a GGUF file. Pure; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "formats/gguf_writer.h"

namespace zubr::train {

// IEEE half precision, round to nearest even; too large becomes infinity.
std::uint16_t to_half(float value);
float from_half(std::uint16_t bits);

// The bytes of `values` in `type`. Q8_0 (blocks of 32: a half-precision scale max/127, then 32 int8) needs whole
// blocks.
std::string encode_tensor(std::span<const float> values, formats::GgufType type);
// The reverse, for F32 (0), F16 (1), BF16 (30) and Q8_0 (8) as numbered by ggml; false for another type or wrong size.
bool decode_tensor(std::string_view bytes, std::uint32_t type, std::span<float> values);
// Bytes of `elements` in that type, 0 for a type that cannot be read here.
std::uint64_t encoded_bytes(std::uint32_t type, std::uint64_t elements);

}  // namespace zubr::train
