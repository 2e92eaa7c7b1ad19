#include "engine/llama/gguf_rewrite.h"

#include <gguf.h>

#include <vector>

#include "core/atomic_file.h"
#include "engine/llama/handles.h"
#include "engine/llama/log_capture.h"
#include "engine/llama/preflight.h"
#include "engine/llama/tensor_codec.h"
#include "formats/gguf_reader.h"

namespace zubr::engine {
namespace {

struct GgmlDeleter {
  void operator()(ggml_context* context) const { ggml_free(context); }
};
using GgmlHandle = std::unique_ptr<ggml_context, GgmlDeleter>;

std::vector<std::uint64_t> dims_of(const ggml_tensor& tensor) {
  std::vector<std::uint64_t> dims;
  for (int i = 0; i < ggml_n_dims(&tensor); ++i) dims.push_back(static_cast<std::uint64_t>(tensor.ne[i]));
  return dims;
}

// The bytes a tensor has in the new file.
Result<std::string> content(const formats::GgufReader& file, const ggml_tensor& tensor, std::uint32_t type,
                            const GgufRewrite& rewrite) {
  const std::string name = tensor.name;
  const auto row = static_cast<std::uint64_t>(tensor.ne[0]);
  ZUBR_TRY(bytes, file.read_tensor(name, ggml_nbytes(&tensor)));
  const bool touched = rewrite.touches && rewrite.touches(name);
  if (!touched && type == static_cast<std::uint32_t>(tensor.type)) return std::move(bytes);
  std::vector<float> values(static_cast<std::size_t>(ggml_nelements(&tensor)));
  ZUBR_CHECK(decode_tensor(bytes, static_cast<std::uint32_t>(tensor.type), row, values));
  if (touched) ZUBR_CHECK(rewrite.change(name, values));
  auto encoded = encode_tensor(values, type, row);
  if (!encoded) return fail(encoded.error().context(name));
  return encoded;
}

Result<void> write_padded(core::AtomicFile& out, std::string bytes, std::size_t alignment) {
  bytes.resize((bytes.size() + alignment - 1) / alignment * alignment, '\0');
  return out.write(bytes);
}

}  // namespace

Result<void> rewrite_gguf(const std::filesystem::path& source, const std::filesystem::path& target,
                          const GgufRewrite& rewrite) {
  initialise_llama();
  ZUBR_CHECK(check_model_file(source, false));
  ZUBR_TRY(reader, formats::GgufReader::open(source));
  ggml_context* tensors = nullptr;
  const GgufHandle old(gguf_init_from_file(source.c_str(), {.no_alloc = true, .ctx = &tensors}));
  if (!old) return fail(ErrorCode::kCorrupt, "'{}' cannot be read as GGUF", source.string());
  const GgmlHandle owned(tensors);
  const GgufHandle header(gguf_init_empty());
  gguf_set_kv(header.get(), old.get());
  if (!rewrite.name.empty()) gguf_set_val_str(header.get(), "general.name", rewrite.name.c_str());
  if (rewrite.file_type >= 0)
    gguf_set_val_u32(header.get(), "general.file_type", static_cast<std::uint32_t>(rewrite.file_type));

  for (ggml_tensor* at = ggml_get_first_tensor(tensors); at; at = ggml_get_next_tensor(tensors, at)) {
    gguf_add_tensor(header.get(), at);
    if (!rewrite.type) continue;
    const auto dims = dims_of(*at);
    const std::uint32_t type = rewrite.type({at->name, dims, static_cast<std::uint32_t>(at->type)});
    if (tensor_bytes(type, dims.front(), static_cast<std::uint64_t>(ggml_nelements(at))) == 0)
      return fail(ErrorCode::kUnsupported, "tensor '{}' with rows of {} cannot have type {} ('{}')", at->name,
                  dims.front(), type, tensor_type_name(type));
    gguf_set_tensor_type(header.get(), at->name, static_cast<ggml_type>(type));
  }
  const std::size_t alignment = gguf_get_alignment(header.get());
  std::string meta(gguf_get_meta_size(header.get()), '\0');
  gguf_get_meta_data(header.get(), meta.data());
  ZUBR_TRY(out, core::AtomicFile::create(target));
  ZUBR_CHECK(write_padded(out, std::move(meta), alignment));
  for (std::int64_t i = 0; i < gguf_get_n_tensors(header.get()); ++i) {
    const ggml_tensor* tensor = ggml_get_tensor(tensors, gguf_get_tensor_name(header.get(), i));
    ZUBR_TRY(bytes,
             content(reader, *tensor, static_cast<std::uint32_t>(gguf_get_tensor_type(header.get(), i)), rewrite));
    ZUBR_CHECK(write_padded(out, std::move(bytes), alignment));
  }
  return out.commit();
}

}  // namespace zubr::engine
