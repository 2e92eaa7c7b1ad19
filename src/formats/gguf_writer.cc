#include "formats/gguf_writer.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <type_traits>

#include "core/atomic_file.h"

namespace zubr::formats {
namespace {

static_assert(std::endian::native == std::endian::little, "GGUF is written in the machine's own byte order");

enum FactType : std::uint32_t { kUint32 = 4, kInt32 = 5, kFloat32 = 6, kBool = 7, kString = 8, kArray = 9 };

constexpr std::size_t kAlignment = 32;
constexpr std::size_t kMaxName = 63;  // ggml keeps names in 64 bytes with a terminator
constexpr std::size_t kMaxTensors = 65536;

template <typename Number>
void put(std::string& out, Number value) {
  static_assert(std::is_arithmetic_v<Number>);
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

void put_text(std::string& out, std::string_view text) {
  put<std::uint64_t>(out, text.size());
  out += text;
}

void pad(std::string& out) { out.resize((out.size() + kAlignment - 1) / kAlignment * kAlignment, '\0'); }

}  // namespace

std::uint64_t gguf_row_bytes(GgufType type, std::uint64_t elements) {
  constexpr std::uint64_t kMaxElements = std::numeric_limits<std::uint64_t>::max() / 8;
  if (elements > kMaxElements) return 0;
  switch (type) {
    case GgufType::kF32: return elements * 4;
    case GgufType::kF16: return elements * 2;
    case GgufType::kQ8_0: return elements % 32 == 0 ? elements / 32 * 34 : 0;
  }
  return 0;
}

void GgufWriter::begin_fact(std::string_view key, std::uint32_t type) {
  put_text(facts_, key);
  put(facts_, type);
  ++fact_count_;
}

void GgufWriter::add(std::string_view key, std::uint32_t value) {
  begin_fact(key, kUint32);
  put(facts_, value);
}

void GgufWriter::add(std::string_view key, float value) {
  begin_fact(key, kFloat32);
  put(facts_, value);
}

void GgufWriter::add(std::string_view key, bool value) {
  begin_fact(key, kBool);
  put<std::uint8_t>(facts_, value ? 1 : 0);
}

void GgufWriter::add(std::string_view key, std::string_view value) {
  begin_fact(key, kString);
  put_text(facts_, value);
}

void GgufWriter::add(std::string_view key, std::span<const std::string> values) {
  begin_fact(key, kArray);
  put<std::uint32_t>(facts_, kString);
  put<std::uint64_t>(facts_, values.size());
  for (const std::string& value : values) put_text(facts_, value);
}

void GgufWriter::add(std::string_view key, std::span<const float> values) {
  begin_fact(key, kArray);
  put<std::uint32_t>(facts_, kFloat32);
  put<std::uint64_t>(facts_, values.size());
  for (const float value : values) put(facts_, value);
}

void GgufWriter::add(std::string_view key, std::span<const std::int32_t> values) {
  begin_fact(key, kArray);
  put<std::uint32_t>(facts_, kInt32);
  put<std::uint64_t>(facts_, values.size());
  for (const std::int32_t value : values) put(facts_, value);
}

Result<void> GgufWriter::add_tensor(std::string_view name, std::span<const std::uint64_t> dims, GgufType type,
                                    std::string bytes) {
  if (name.empty() || name.size() > kMaxName)
    return fail(ErrorCode::kInvalidArgument, "a tensor's name has 1 to {} bytes; '{}' has {}", kMaxName, name,
                name.size());
  if (tensors_.size() == kMaxTensors)
    return fail(ErrorCode::kTooLarge, "a GGUF file written here has at most {} tensors", kMaxTensors);
  if (dims.empty() || dims.size() > 4)
    return fail(ErrorCode::kInvalidArgument, "tensor '{}' has {} dimensions; 1 to 4 are possible", name, dims.size());
  if (std::ranges::any_of(tensors_, [&](const Tensor& tensor) { return tensor.name == name; }))
    return fail(ErrorCode::kInvalidArgument, "tensor '{}' is there twice", name);
  std::uint64_t want = gguf_row_bytes(type, dims.front());
  for (const std::uint64_t dim : dims.subspan(1)) {
    if (dim != 0 && want > std::numeric_limits<std::uint64_t>::max() / dim) want = 0;
    want *= dim;
  }
  if (want == 0 || want != bytes.size())
    return fail(ErrorCode::kInvalidArgument, "tensor '{}' has {} bytes; its shape and type take {}", name, bytes.size(),
                want);
  tensors_.push_back({std::string(name), {dims.begin(), dims.end()}, type, std::move(bytes)});
  return {};
}

std::string GgufWriter::bytes() const {
  std::string out = "GGUF";
  put<std::uint32_t>(out, 3);
  put<std::uint64_t>(out, tensors_.size());
  put<std::uint64_t>(out, fact_count_);
  out += facts_;
  std::uint64_t offset = 0;
  for (const Tensor& tensor : tensors_) {
    put_text(out, tensor.name);
    put<std::uint32_t>(out, static_cast<std::uint32_t>(tensor.dims.size()));
    for (const std::uint64_t dim : tensor.dims) put(out, dim);
    put(out, static_cast<std::uint32_t>(tensor.type));
    put(out, offset);
    offset = (offset + tensor.bytes.size() + kAlignment - 1) / kAlignment * kAlignment;
  }
  pad(out);
  for (const Tensor& tensor : tensors_) {
    out += tensor.bytes;
    pad(out);
  }
  return out;
}

Result<void> GgufWriter::write(const std::filesystem::path& file) const {
  ZUBR_TRY(out, core::AtomicFile::create(file));
  ZUBR_CHECK(out.write(bytes()));
  return out.commit();
}

}  // namespace zubr::formats
