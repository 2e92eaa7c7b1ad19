// The header of a GGUF file, read without trusting it: no allocation from a count that the file states, every length
// checked against what is left of the file, every sum and product against overflow. What this accepts is sound enough
// to hand to libllama; what it refuses says which value stands where.
//
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3, little-endian.
// Plain values, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/result.h"

namespace zubr::formats {

struct GgufTensorInfo {
  std::string name;
  std::array<std::int64_t, 4> dims{1, 1, 1, 1};  // elements; dims[0] is the innermost
  int dim_count = 0;
  std::int32_t type = 0;       // ggml's number
  std::string_view type_name;  // "f32", "q8_0" …
  std::uint64_t offset = 0;    // of its data in the file
  std::uint64_t bytes = 0;
  std::int64_t elements() const { return dims[0] * dims[1] * dims[2] * dims[3]; }
};

// Arrays (vocabularies) are walked through and checked, not kept.
struct GgufArrayInfo {
  std::int32_t element_type = 0;
  std::uint64_t count = 0;
};

using GgufHeaderValue = std::variant<std::uint64_t, std::int64_t, double, bool, std::string, GgufArrayInfo>;

struct GgufHeader {
  std::uint32_t version = 0;
  std::uint32_t alignment = 32;
  std::uint64_t data_offset = 0;  // where tensor data begins
  std::uint64_t file_bytes = 0;
  std::map<std::string, GgufHeaderValue, std::less<>> values;
  std::vector<GgufTensorInfo> tensors;  // as in the file

  const GgufHeaderValue* find(std::string_view key) const;
  std::optional<std::string_view> text(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key) const;  // integers of any width that fit

  std::string_view architecture() const { return text("general.architecture").value_or(""); }  // "llama"; "" = unstated
  std::string_view name() const { return text("general.name").value_or(""); }
  std::optional<std::int64_t> context_length() const;  // tokens, as trained
  std::int64_t parameter_count() const;                // elements of all tensors
  std::optional<std::string_view> file_type() const;   // "Q4_K_M"; none when unstated or not known
  std::optional<std::string_view> chat_template() const { return text("tokenizer.chat_template"); }
  std::uint64_t vocabulary_size() const;  // 0 = no vocabulary inside
};

// kNotFound, kInvalidArgument (a directory), kPermissionDenied, kIo; kCorrupt: not a GGUF, truncated, or values that
// cannot be; kUnsupported: version 1 or one after 3, big-endian, arrays in arrays, a tensor type that is not known.
Result<GgufHeader> read_gguf_header(const std::filesystem::path& path);

}  // namespace zubr::formats
