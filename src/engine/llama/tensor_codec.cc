#include "engine/llama/tensor_codec.h"

#include <ggml.h>

#include "engine/llama/log_capture.h"

namespace zubr::engine {
namespace {

bool known(std::uint32_t type) { return type < GGML_TYPE_COUNT && ggml_type_size(static_cast<ggml_type>(type)) > 0; }

}  // namespace

std::uint64_t tensor_bytes(std::uint32_t type, std::uint64_t row, std::uint64_t elements) {
  if (!known(type) || row == 0 || elements % row != 0) return 0;
  const auto kind = static_cast<ggml_type>(type);
  const auto block = static_cast<std::uint64_t>(ggml_blck_size(kind));
  return row % block == 0 ? elements / block * ggml_type_size(kind) : 0;
}

std::string_view tensor_type_name(std::uint32_t type) {
  return known(type) ? ggml_type_name(static_cast<ggml_type>(type)) : "";
}

Result<void> decode_tensor(std::string_view bytes, std::uint32_t type, std::uint64_t row, std::span<float> values) {
  const std::uint64_t want = tensor_bytes(type, row, values.size());
  const auto* traits = known(type) ? ggml_get_type_traits(static_cast<ggml_type>(type)) : nullptr;
  const bool plain = type == GGML_TYPE_F32;
  if (want == 0 || (!plain && !traits->to_float))
    return fail(ErrorCode::kUnsupported, "tensor type {} ('{}') cannot be read as numbers in rows of {}", type,
                tensor_type_name(type), row);
  if (bytes.size() != want)
    return fail(ErrorCode::kCorrupt, "{} numbers of type '{}' are {} bytes, not {}", values.size(),
                tensor_type_name(type), want, bytes.size());
  if (plain) {
    bytes.copy(reinterpret_cast<char*>(values.data()), bytes.size());
    return {};
  }
  initialise_llama();  // fills the tables that half precision is looked up in
  traits->to_float(bytes.data(), values.data(), static_cast<std::int64_t>(values.size()));
  return {};
}

Result<std::string> encode_tensor(std::span<const float> values, std::uint32_t type, std::uint64_t row) {
  const std::uint64_t bytes = tensor_bytes(type, row, values.size());
  const auto kind = static_cast<ggml_type>(type);
  const bool writes = bytes > 0 && (type == GGML_TYPE_F32 || ggml_get_type_traits(kind)->from_float_ref);
  if (!writes || ggml_quantize_requires_imatrix(kind))
    return fail(ErrorCode::kUnsupported, "numbers in rows of {} cannot be written as tensor type {} ('{}')", row, type,
                tensor_type_name(type));
  initialise_llama();
  std::string out(bytes, '\0');
  ggml_quantize_chunk(kind, values.data(), out.data(), 0, static_cast<std::int64_t>(values.size() / row),
                      static_cast<std::int64_t>(row), nullptr);
  return out;
}

}  // namespace zubr::engine
