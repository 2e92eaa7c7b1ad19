// The smallest GGUF file that is a model to the store: a header, three facts, no tensors. For tests.
// Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace zubr::models {

class GgufText {
 public:
  template <typename Number>
  GgufText& number(Number value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    bytes_.append(bytes, sizeof value);
    return *this;
  }
  GgufText& text(std::string_view value) {
    number<std::uint64_t>(value.size());
    bytes_ += value;
    return *this;
  }
  GgufText& raw(std::string_view value) {
    bytes_ += value;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

inline std::string tiny_gguf() {
  constexpr std::uint32_t kTypeUint32 = 4, kTypeString = 8;
  GgufText file;
  file.raw("GGUF").number<std::uint32_t>(3).number<std::uint64_t>(0).number<std::uint64_t>(3);
  file.text("general.architecture").number(kTypeString).text("llama");
  file.text("llama.context_length").number(kTypeUint32).number<std::uint32_t>(128);
  file.text("general.file_type").number(kTypeUint32).number<std::uint32_t>(2);
  std::string bytes = file.bytes();
  bytes.resize((bytes.size() + 31) / 32 * 32);
  return bytes;
}

}  // namespace zubr::models
