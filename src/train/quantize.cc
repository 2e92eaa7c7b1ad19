#include "train/quantize.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace zubr::train {
namespace {

constexpr std::size_t kBlock = 32;
constexpr std::uint32_t kF32 = 0, kF16 = 1, kQ8_0 = 8, kBf16 = 30;

void put_half(std::string& out, float value) {
  const std::uint16_t half = to_half(value);
  out.append(reinterpret_cast<const char*>(&half), sizeof half);
}

template <typename T>
T load(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

}  // namespace

std::uint16_t to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000);
  const std::uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return sign | 0x7E00;   // NaN
  if (magnitude >= 0x477FF000) return sign | 0x7C00;  // rounds past 65504
  if (magnitude < 0x38800000) {                       // subnormal: let float addition round
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3F000000));
  }
  const std::uint32_t rounded = magnitude + 0x0FFF + ((magnitude >> 13) & 1) - 0x38000000;
  return static_cast<std::uint16_t>(sign | (rounded >> 13));
}

float from_half(std::uint16_t bits) {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000) << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1F, fraction = bits & 0x3FF;
  if (exponent == 0x1F) return std::bit_cast<float>(sign | 0x7F800000 | fraction << 13);
  if (exponent == 0) return std::copysign(std::ldexp(static_cast<float>(fraction), -24), sign ? -1.0F : 1.0F);
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) | fraction << 13);
}

std::string encode_tensor(std::span<const float> values, formats::GgufType type) {
  std::string out;
  if (type == formats::GgufType::kF32) {
    out.assign(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  } else if (type == formats::GgufType::kF16) {
    for (const float value : values) put_half(out, value);
  } else {
    for (std::size_t at = 0; at + kBlock <= values.size(); at += kBlock) {
      const auto block = values.subspan(at, kBlock);
      float largest = 0;
      for (const float value : block) largest = std::max(largest, std::abs(value));
      const float scale = largest / 127.0F;
      put_half(out, scale);
      for (const float value : block)
        out += static_cast<char>(static_cast<std::int8_t>(scale > 0 ? std::round(value / scale) : 0.0F));
    }
  }
  return out;
}

std::uint64_t encoded_bytes(std::uint32_t type, std::uint64_t elements) {
  if (type == kF32) return elements * 4;
  if (type == kF16 || type == kBf16) return elements * 2;
  if (type == kQ8_0 && elements % kBlock == 0) return elements / kBlock * 34;
  return 0;
}

bool decode_tensor(std::string_view bytes, std::uint32_t type, std::span<float> values) {
  if (const auto want = encoded_bytes(type, values.size()); want == 0 || want != bytes.size()) return false;
  const char* from = bytes.data();
  if (type == kF32) {
    std::memcpy(values.data(), from, bytes.size());
    return true;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (type == kF16) {
      values[i] = from_half(load<std::uint16_t>(from + 2 * i));
    } else if (type == kBf16) {
      values[i] = std::bit_cast<float>(static_cast<std::uint32_t>(load<std::uint16_t>(from + 2 * i)) << 16);
    } else {
      const char* block = from + i / kBlock * 34;
      values[i] = from_half(load<std::uint16_t>(block)) * static_cast<float>(load<std::int8_t>(block + 2 + i % kBlock));
    }
  }
  return true;
}

}  // namespace zubr::train
