#include "formats/gguf_header.h"

#include <algorithm>
#include <limits>
#include <unordered_set>

#include "core/utf8.h"
#include "formats/bounded_file.h"
#include "formats/gguf_types.h"

namespace zubr::formats {
namespace {

constexpr std::uint64_t kMaxValues = 1u << 16;
constexpr std::uint64_t kMaxTensors = 1u << 20;
constexpr std::uint64_t kMaxKeyBytes = 65535;  // the format's own limit
constexpr std::uint64_t kMaxNameBytes = 63;    // ggml's
constexpr std::uint64_t kMaxTextBytes = 16u << 20;
constexpr std::uint64_t kMaxHeaderBytes = 1u << 30;
constexpr std::uint32_t kMaxAlignment = 1u << 20;
constexpr std::uint64_t kMinValueBytes = 8 + 4 + 1;
constexpr std::uint64_t kMinTensorBytes = 8 + 4 + 4 + 8;

class GgufReader {
 public:
  GgufReader(BoundedFile file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}

  Result<GgufHeader> read();

 private:
  template <typename... Args>
  tl::unexpected<Error> corrupt(fmt::format_string<Args...> format, Args&&... args) const {
    return fail(ErrorCode::kCorrupt, "{} is not a sound GGUF file: {} (at byte {})", name_,
                message(format, std::forward<Args>(args)...), at_);
  }
  template <typename... Args>
  tl::unexpected<Error> unsupported(fmt::format_string<Args...> format, Args&&... args) const {
    return fail(ErrorCode::kUnsupported, "{} cannot be used: {} (at byte {})", name_,
                message(format, std::forward<Args>(args)...), at_);
  }
  void mark() { at_ = file_.position(); }

  Result<void> read_magic();
  Result<std::string> read_text(std::string_view what, std::uint64_t limit);
  Result<GgufHeaderValue> read_value(std::int32_t type, std::string_view key);
  Result<GgufArrayInfo> read_array(std::string_view key);
  Result<void> read_values(std::uint64_t count);
  Result<void> read_alignment();
  Result<void> read_tensors(std::uint64_t count);
  Result<GgufTensorInfo> read_tensor();
  Result<void> read_dims(GgufTensorInfo& tensor);
  Result<void> place_tensors();

  BoundedFile file_;
  std::string name_;
  std::uint64_t at_ = 0;  // where the value in question stands
  GgufHeader header_;
};

template <typename T>
Result<GgufHeaderValue> number_as(BoundedFile& file) {
  ZUBR_TRY(value, file.number<T>());
  if constexpr (std::is_floating_point_v<T>)
    return GgufHeaderValue(static_cast<double>(value));
  else if constexpr (std::is_signed_v<T>)
    return GgufHeaderValue(static_cast<std::int64_t>(value));
  else
    return GgufHeaderValue(static_cast<std::uint64_t>(value));
}

Result<void> GgufReader::read_magic() {
  char magic[4] = {};
  if (file_.size() < sizeof magic) return corrupt("it has {} bytes", file_.size());
  ZUBR_CHECK(file_.read(magic, sizeof magic));
  const std::string_view begin(magic, sizeof magic);
  if (begin == "FUGG") return unsupported("it is big-endian; convert the model anew on a little-endian machine");
  for (const char* old : {"lmgg", "fmgg", "tjgg", "algg"}) {
    if (begin == old) return unsupported("it has the format from before GGUF; convert the model anew");
  }
  if (begin != "GGUF") {
    return fail(ErrorCode::kCorrupt, "{} is not a GGUF file: it begins with the bytes {:02x} {:02x} {:02x} {:02x}",
                name_, static_cast<unsigned char>(magic[0]), static_cast<unsigned char>(magic[1]),
                static_cast<unsigned char>(magic[2]), static_cast<unsigned char>(magic[3]));
  }
  mark();
  ZUBR_TRY(version, file_.number<std::uint32_t>());
  if (version != 0 && (version & 0xFFFF) == 0) {
    return unsupported("it is big-endian (version 0x{:08x}); convert the model anew on a little-endian machine",
                       version);
  }
  if (version == 0) return corrupt("version 0 does not exist");
  if (version != 2 && version != 3) {
    return unsupported("GGUF version {} is not read (2 and 3 are); convert the model anew", version);
  }
  header_.version = version;
  return {};
}

Result<std::string> GgufReader::read_text(std::string_view what, std::uint64_t limit) {
  mark();
  ZUBR_TRY(length, file_.number<std::uint64_t>());
  if (length > file_.left()) return corrupt("{} of {} bytes, and {} are left in the file", what, length, file_.left());
  if (length > limit) return corrupt("{} of {} bytes, and {} are the most", what, length, limit);
  std::string text(static_cast<std::size_t>(length), '\0');
  ZUBR_CHECK(file_.read(text.data(), text.size()));
  return text;
}

Result<GgufArrayInfo> GgufReader::read_array(std::string_view key) {
  mark();
  ZUBR_TRY(type, file_.number<std::int32_t>());
  ZUBR_TRY(count, file_.number<std::uint64_t>());
  if (type == static_cast<std::int32_t>(GgufValueType::kArray)) return unsupported("'{}' is an array of arrays", key);
  if (type == static_cast<std::int32_t>(GgufValueType::kString)) {
    if (count > file_.left() / 8)
      return corrupt("'{}' states {} strings, and {} bytes are left", key, count, file_.left());
    for (std::uint64_t i = 0; i < count; ++i) {
      mark();
      ZUBR_TRY(length, file_.number<std::uint64_t>());
      if (length > file_.left()) {
        return corrupt("string {} of '{}' has {} bytes, and {} are left in the file", i, key, length, file_.left());
      }
      ZUBR_CHECK(file_.skip(length));
    }
    return GgufArrayInfo{type, count};
  }
  const std::uint64_t each = gguf_scalar_bytes(type);
  if (each == 0) return corrupt("'{}' is an array of type {}, which does not exist", key, type);
  if (count > file_.left() / each) {
    return corrupt("'{}' states {} values of {} bytes, and {} are left", key, count, each, file_.left());
  }
  ZUBR_CHECK(file_.skip(count * each));
  return GgufArrayInfo{type, count};
}

Result<GgufHeaderValue> GgufReader::read_value(std::int32_t type, std::string_view key) {
  switch (static_cast<GgufValueType>(type)) {
    case GgufValueType::kUint8: return number_as<std::uint8_t>(file_);
    case GgufValueType::kInt8: return number_as<std::int8_t>(file_);
    case GgufValueType::kUint16: return number_as<std::uint16_t>(file_);
    case GgufValueType::kInt16: return number_as<std::int16_t>(file_);
    case GgufValueType::kUint32: return number_as<std::uint32_t>(file_);
    case GgufValueType::kInt32: return number_as<std::int32_t>(file_);
    case GgufValueType::kFloat32: return number_as<float>(file_);
    case GgufValueType::kUint64: return number_as<std::uint64_t>(file_);
    case GgufValueType::kInt64: return number_as<std::int64_t>(file_);
    case GgufValueType::kFloat64: return number_as<double>(file_);
    case GgufValueType::kBool: {
      mark();
      ZUBR_TRY(value, file_.number<std::uint8_t>());
      if (value > 1) return corrupt("'{}' is {} where true or false (1 or 0) belongs", key, value);
      return GgufHeaderValue(value == 1);
    }
    case GgufValueType::kString: {
      ZUBR_TRY(text, read_text(fmt::format("the text of '{}'", key), kMaxTextBytes));
      return GgufHeaderValue(std::move(text));
    }
    case GgufValueType::kArray: {
      ZUBR_TRY(array, read_array(key));
      return GgufHeaderValue(array);
    }
  }
  return corrupt("'{}' has the value type {}, which does not exist", key, type);
}

Result<void> GgufReader::read_values(std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    ZUBR_TRY(key, read_text(fmt::format("the key of value {}", i), kMaxKeyBytes));
    const std::uint64_t key_at = at_;
    const std::string shown = core::utf8_replace(core::utf8_truncate(key, 80));
    mark();
    ZUBR_TRY(type, file_.number<std::int32_t>());
    ZUBR_TRY(value, read_value(type, shown));
    if (file_.position() > kMaxHeaderBytes) return corrupt("the header is longer than {} bytes", kMaxHeaderBytes);
    if (!header_.values.emplace(std::move(key), std::move(value)).second) {
      at_ = key_at;
      return corrupt("the key '{}' comes twice", shown);
    }
  }
  return read_alignment();
}

Result<void> GgufReader::read_alignment() {
  const GgufHeaderValue* value = header_.find("general.alignment");
  if (value == nullptr) return {};
  const auto* alignment = std::get_if<std::uint64_t>(value);
  if (alignment == nullptr || *alignment == 0 || *alignment > kMaxAlignment || (*alignment & (*alignment - 1)) != 0) {
    return corrupt("general.alignment is {}, and a power of two up to {} belongs there",
                   alignment != nullptr ? std::to_string(*alignment) : "not a number without sign", kMaxAlignment);
  }
  header_.alignment = static_cast<std::uint32_t>(*alignment);
  return {};
}

// Fills dims and bytes. Nothing overflows: the product stays below 2^63 at every step.
Result<void> GgufReader::read_dims(GgufTensorInfo& tensor) {
  const std::string shown = core::utf8_replace(tensor.name);
  mark();
  ZUBR_TRY(count, file_.number<std::uint32_t>());
  if (count > tensor.dims.size()) return corrupt("tensor '{}' has {} dimensions, and 4 are the most", shown, count);
  tensor.dim_count = static_cast<int>(count);
  std::int64_t elements = 1;
  for (std::uint32_t i = 0; i < count; ++i) {
    mark();
    ZUBR_TRY(size, file_.number<std::int64_t>());
    if (size <= 0) return corrupt("dimension {} of tensor '{}' is {}", i, shown, size);
    if (__builtin_mul_overflow(elements, size, &elements)) {
      return corrupt("tensor '{}' would have more than 2^63 elements (dimension {} is {})", shown, i, size);
    }
    tensor.dims[i] = size;
  }
  mark();
  ZUBR_TRY(number, file_.number<std::int32_t>());
  const GgufBlockType* type = find_gguf_tensor_type(number);
  if (type == nullptr) return unsupported("tensor '{}' has the type {}, which is not known", shown, number);
  if (tensor.dims[0] % type->block_elements != 0) {
    return corrupt("rows of tensor '{}' have {} elements, and {} comes in blocks of {}", shown, tensor.dims[0],
                   type->name, type->block_elements);
  }
  tensor.type = number;
  tensor.type_name = type->name;
  const auto blocks = static_cast<std::uint64_t>(elements / type->block_elements);
  if (__builtin_mul_overflow(blocks, type->block_bytes, &tensor.bytes)) {
    return corrupt("tensor '{}' would have more than 2^64 bytes", shown);
  }
  return {};
}

Result<GgufTensorInfo> GgufReader::read_tensor() {
  GgufTensorInfo tensor;
  ZUBR_TRY(name, read_text("a tensor's name", kMaxNameBytes));
  tensor.name = std::move(name);
  ZUBR_CHECK(read_dims(tensor));
  mark();
  ZUBR_TRY(offset, file_.number<std::uint64_t>());
  if (offset % header_.alignment != 0) {
    return corrupt("the data of tensor '{}' begins at {}, which is no multiple of the alignment {}",
                   core::utf8_replace(tensor.name), offset, header_.alignment);
  }
  tensor.offset = offset;
  return tensor;
}

Result<void> GgufReader::read_tensors(std::uint64_t count) {
  std::unordered_set<std::string> names;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t tensor_at = file_.position();
    ZUBR_TRY(tensor, read_tensor());
    if (!names.insert(tensor.name).second) {
      at_ = tensor_at;
      return corrupt("the tensor '{}' comes twice", core::utf8_replace(tensor.name));
    }
    header_.tensors.push_back(std::move(tensor));
  }
  return place_tensors();
}

// Offsets become those in the file; every tensor has to lie inside it, and on none of the others.
Result<void> GgufReader::place_tensors() {
  at_ = file_.position();
  header_.data_offset = (file_.position() + header_.alignment - 1) / header_.alignment * header_.alignment;
  for (GgufTensorInfo& tensor : header_.tensors) {
    std::uint64_t end = 0;
    if (__builtin_add_overflow(tensor.offset, header_.data_offset, &tensor.offset) ||
        __builtin_add_overflow(tensor.offset, tensor.bytes, &end) || end > file_.size()) {
      return fail(
          ErrorCode::kCorrupt,
          "{} is truncated: the data of tensor '{}' ({} bytes at byte {}) goes beyond its {} bytes; download or "
          "copy it again",
          name_, core::utf8_replace(tensor.name), tensor.bytes, tensor.offset, file_.size());
    }
  }
  std::vector<const GgufTensorInfo*> by_offset;
  for (const GgufTensorInfo& tensor : header_.tensors) by_offset.push_back(&tensor);
  std::sort(by_offset.begin(), by_offset.end(),
            [](const GgufTensorInfo* a, const GgufTensorInfo* b) { return a->offset < b->offset; });
  for (std::size_t i = 1; i < by_offset.size(); ++i) {
    if (by_offset[i - 1]->offset + by_offset[i - 1]->bytes > by_offset[i]->offset) {
      return corrupt("the data of the tensors '{}' and '{}' overlap at byte {}",
                     core::utf8_replace(by_offset[i - 1]->name), core::utf8_replace(by_offset[i]->name),
                     by_offset[i]->offset);
    }
  }
  return {};
}

Result<GgufHeader> GgufReader::read() {
  header_.file_bytes = file_.size();
  ZUBR_CHECK(read_magic());
  mark();
  ZUBR_TRY(tensors, file_.number<std::uint64_t>());
  if (tensors > kMaxTensors || tensors > file_.left() / kMinTensorBytes) {
    return corrupt("it states {} tensors, and {} bytes are left", tensors, file_.left());
  }
  mark();
  ZUBR_TRY(values, file_.number<std::uint64_t>());
  if (values > kMaxValues || values > file_.left() / kMinValueBytes) {
    return corrupt("it states {} values, and {} bytes are left", values, file_.left());
  }
  ZUBR_CHECK(read_values(values));
  ZUBR_CHECK(read_tensors(tensors));
  return std::move(header_);
}

}  // namespace

const GgufHeaderValue* GgufHeader::find(std::string_view key) const {
  const auto found = values.find(key);
  return found == values.end() ? nullptr : &found->second;
}

std::optional<std::string_view> GgufHeader::text(std::string_view key) const {
  const GgufHeaderValue* value = find(key);
  const auto* string = value != nullptr ? std::get_if<std::string>(value) : nullptr;
  return string != nullptr ? std::optional<std::string_view>(*string) : std::nullopt;
}

std::optional<std::int64_t> GgufHeader::integer(std::string_view key) const {
  const GgufHeaderValue* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (const auto* number = std::get_if<std::int64_t>(value)) return *number;
  const auto* number = std::get_if<std::uint64_t>(value);
  if (number == nullptr || *number > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(*number);
}

std::optional<std::int64_t> GgufHeader::context_length() const {
  return integer(fmt::format("{}.context_length", architecture()));
}

std::int64_t GgufHeader::parameter_count() const {
  std::int64_t sum = 0;
  for (const GgufTensorInfo& tensor : tensors) sum += tensor.elements();
  return sum;
}

std::optional<std::string_view> GgufHeader::file_type() const {
  const auto number = integer("general.file_type");
  const std::string_view known = number ? gguf_file_type_name(*number) : "";
  return known.empty() ? std::nullopt : std::optional(known);
}

std::uint64_t GgufHeader::vocabulary_size() const {
  const GgufHeaderValue* value = find("tokenizer.ggml.tokens");
  const auto* array = value != nullptr ? std::get_if<GgufArrayInfo>(value) : nullptr;
  return array != nullptr ? array->count : 0;
}

Result<GgufHeader> read_gguf_header(const std::filesystem::path& path) {
  ZUBR_TRY(file, BoundedFile::open(path));
  return GgufReader(std::move(file), path.string()).read();
}

}  // namespace zubr::formats
