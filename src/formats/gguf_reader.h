// Reads a GGUF file's facts and the bytes of its tensors. Layout: see gguf_writer.h.
//
// Files come from outside: every count and offset is checked against the file before it is believed, so a hostile file
// costs at most the memory of its own header. Facts: at most 65,536; arrays: at most 16 M elements.
// Threads: immutable after open(); read_tensor() opens the file anew, so any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/result.h"

namespace zubr::formats {

// Integers of every width come as int64 (an uint64 over its range is kCorrupt), floats as double; arrays of numbers
// likewise. Arrays of arrays are not supported.
using GgufValue = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>, std::vector<double>,
                               std::vector<std::string>>;

struct GgufTensor {
  std::vector<std::uint64_t> dims;  // the contiguous one first
  std::uint32_t type = 0;           // ggml's number
  std::uint64_t offset = 0;         // from the file's start
};

class GgufReader {
 public:
  // kNotFound, kIo, kCorrupt, kUnsupported (another version or byte order).
  static Result<GgufReader> open(const std::filesystem::path& file);

  const std::filesystem::path& path() const { return path_; }
  const std::map<std::string, GgufValue>& facts() const { return facts_; }
  const std::map<std::string, GgufTensor>& tensors() const { return tensors_; }

  // nullptr where the fact is missing or of another type.
  template <typename T>
  const T* find(const std::string& key) const {
    const auto at = facts_.find(key);
    return at == facts_.end() ? nullptr : std::get_if<T>(&at->second);
  }
  // kCorrupt when it is missing or no integer within [low, high].
  Result<std::int64_t> integer(const std::string& key, std::int64_t low, std::int64_t high) const;

  // The tensor's `bytes` first bytes. kNotFound for an unknown name, kCorrupt when the file ends before.
  Result<std::string> read_tensor(const std::string& name, std::uint64_t bytes) const;

 private:
  std::filesystem::path path_;
  std::map<std::string, GgufValue> facts_;
  std::map<std::string, GgufTensor> tensors_;
};

}  // namespace zubr::formats
