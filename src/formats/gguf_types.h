// The numbers of the GGUF format: value types, tensor types with their block sizes, file types.
#pragma once

#include <cstdint>
#include <string_view>

namespace zubr::formats {

enum class GgufValueType : std::int32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

// Bytes of a scalar; 0 for strings, arrays and unknown types.
std::uint64_t gguf_scalar_bytes(std::int32_t type);

struct GgufBlockType {
  std::int32_t number;
  std::string_view name;
  std::int64_t block_elements;  // the innermost dimension is a multiple of it
  std::uint64_t block_bytes;
};

// Null for a type that is not known (or was withdrawn).
const GgufBlockType* find_gguf_tensor_type(std::int32_t number);

// "Q4_K_M" for the value of general.file_type; "" for a number that is not known.
std::string_view gguf_file_type_name(std::int64_t number);

}  // namespace zubr::formats
