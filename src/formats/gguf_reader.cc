#include "formats/gguf_reader.h"

#include <cstring>
#include <fstream>
#include <limits>

namespace zubr::formats {
namespace {

constexpr std::uint64_t kMaxEntries = 65536;
constexpr std::uint64_t kMaxElements = 16u << 20;
constexpr std::uint64_t kMaxText = 16u << 20;

// The header as a stream of checked reads. The first failure sticks.
class Header {
 public:
  Header(std::ifstream& in, std::uint64_t size) : in_(in), left_(size) {}

  bool sound() const { return sound_; }
  void spoil() { sound_ = false; }
  std::uint64_t left() const { return left_; }

  void read(char* to, std::uint64_t bytes) {
    if (!sound_ || bytes > left_ || !in_.read(to, static_cast<std::streamsize>(bytes))) {
      sound_ = false;
      std::memset(to, 0, bytes);
      return;
    }
    left_ -= bytes;
  }

  template <typename Number>
  Number number() {
    char bytes[sizeof(Number)];
    read(bytes, sizeof bytes);
    Number value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
  }

  std::string text() {
    const auto length = number<std::uint64_t>();
    if (length > left_ || length > kMaxText) {
      sound_ = false;
      return {};
    }
    std::string value(length, '\0');
    read(value.data(), length);
    return value;
  }

  std::int64_t integer(std::uint32_t type) {
    switch (type) {
      case 0: return number<std::uint8_t>();
      case 1: return number<std::int8_t>();
      case 2: return number<std::uint16_t>();
      case 3: return number<std::int16_t>();
      case 4: return number<std::uint32_t>();
      case 5: return number<std::int32_t>();
      case 11: return number<std::int64_t>();
      case 10: {
        const auto value = number<std::uint64_t>();
        if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) sound_ = false;
        return static_cast<std::int64_t>(value);
      }
      default: sound_ = false; return 0;
    }
  }

  GgufValue value(std::uint32_t type) {
    if (type == 7) return number<std::uint8_t>() != 0;
    if (type == 6) return static_cast<double>(number<float>());
    if (type == 12) return number<double>();
    if (type == 8) return text();
    if (type == 9) return array();
    return integer(type);
  }

 private:
  GgufValue array() {
    const auto type = number<std::uint32_t>();
    const auto count = number<std::uint64_t>();
    if (count > kMaxElements || count > left_) sound_ = false;  // an element takes at least a byte
    if (type == 8) return elements<std::string>(count, [&] { return text(); });
    if (type == 6) return elements<double>(count, [&] { return static_cast<double>(number<float>()); });
    if (type == 12) return elements<double>(count, [&] { return number<double>(); });
    if (type == 7) return elements<std::int64_t>(count, [&] { return std::int64_t{number<std::uint8_t>()}; });
    return elements<std::int64_t>(count, [&] { return integer(type); });
  }

  template <typename T, typename Next>
  std::vector<T> elements(std::uint64_t count, Next next) {
    std::vector<T> values;
    for (std::uint64_t i = 0; i < count && sound_; ++i) values.push_back(next());
    return values;
  }

  std::ifstream& in_;
  std::uint64_t left_;
  bool sound_ = true;
};

}  // namespace

Result<GgufReader> GgufReader::open(const std::filesystem::path& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  if (error) return fail(ErrorCode::kNotFound, "cannot read '{}': {}", file.string(), error.message());
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(ErrorCode::kIo, "cannot open '{}'", file.string());

  const auto corrupt = [&](std::string_view what) {
    return fail(ErrorCode::kCorrupt, "'{}' is not a sound GGUF file: {}", file.string(), what);
  };
  Header header(in, size);
  char magic[4];
  header.read(magic, sizeof magic);
  if (!header.sound() || std::memcmp(magic, "GGUF", 4) != 0) return corrupt("it does not begin with GGUF");
  const auto version = header.number<std::uint32_t>();
  if (version != 2 && version != 3)
    return fail(ErrorCode::kUnsupported, "'{}' is GGUF version {}; versions 2 and 3 can be read", file.string(),
                version);
  const auto tensor_count = header.number<std::uint64_t>();
  const auto fact_count = header.number<std::uint64_t>();
  if (tensor_count > kMaxEntries || fact_count > kMaxEntries) return corrupt("it claims too many entries");

  GgufReader reader;
  reader.path_ = file;
  for (std::uint64_t i = 0; i < fact_count && header.sound(); ++i) {
    std::string key = header.text();
    const auto type = header.number<std::uint32_t>();
    reader.facts_[std::move(key)] = header.value(type);
  }
  for (std::uint64_t i = 0; i < tensor_count && header.sound(); ++i) {
    std::string name = header.text();
    GgufTensor tensor;
    const auto dims = header.number<std::uint32_t>();
    if (dims < 1 || dims > 4) header.spoil();
    for (std::uint32_t d = 0; d < dims && header.sound(); ++d) tensor.dims.push_back(header.number<std::uint64_t>());
    tensor.type = header.number<std::uint32_t>();
    tensor.offset = header.number<std::uint64_t>();
    reader.tensors_[std::move(name)] = std::move(tensor);
  }
  if (!header.sound()) return corrupt("its header ends early or says impossible things");

  const auto* alignment_fact = reader.find<std::int64_t>("general.alignment");
  const std::int64_t alignment = alignment_fact ? *alignment_fact : 32;
  if (alignment < 1 || alignment > 65536) return corrupt("its alignment is impossible");
  const auto step = static_cast<std::uint64_t>(alignment);
  const std::uint64_t data = (size - header.left() + step - 1) / step * step;
  for (auto& [name, tensor] : reader.tensors_) {
    if (data > size || tensor.offset > size - data) return corrupt("tensor '" + name + "' begins after its end");
    tensor.offset += data;
  }
  return reader;
}

Result<std::int64_t> GgufReader::integer(const std::string& key, std::int64_t low, std::int64_t high) const {
  const auto* value = find<std::int64_t>(key);
  if (!value) return fail(ErrorCode::kCorrupt, "'{}' does not say '{}'", path_.string(), key);
  if (*value < low || *value > high)
    return fail(ErrorCode::kCorrupt, "'{}' says {} = {}; {} to {} is possible", path_.string(), key, *value, low, high);
  return *value;
}

Result<std::string> GgufReader::read_tensor(const std::string& name, std::uint64_t bytes) const {
  const auto at = tensors_.find(name);
  if (at == tensors_.end()) return fail(ErrorCode::kNotFound, "'{}' has no tensor '{}'", path_.string(), name);
  std::error_code error;
  const auto size = std::filesystem::file_size(path_, error);
  if (error || at->second.offset > size || bytes > size - at->second.offset)
    return fail(ErrorCode::kCorrupt, "'{}' ends inside tensor '{}'", path_.string(), name);
  std::ifstream in(path_, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(at->second.offset));
  std::string content(bytes, '\0');
  if (!in.read(content.data(), static_cast<std::streamsize>(bytes)))
    return fail(ErrorCode::kIo, "cannot read tensor '{}' of '{}'", name, path_.string());
  return content;
}

}  // namespace zubr::formats
