#include "train/torch/weights.h"

#include "train/quantize.h"

namespace zubr::train {

Result<void> load_weights(const formats::GgufReader& file, Llama& model) {
  torch::NoGradGuard no_gradients;
  for (const auto& [name, weight] : model.weights()) {
    const auto at = file.tensors().find(name);
    if (at == file.tensors().end())
      return fail(ErrorCode::kCorrupt, "'{}' has no tensor '{}'", file.path().string(), name);
    std::vector<std::int64_t> dims(at->second.dims.rbegin(), at->second.dims.rend());
    if (weight.sizes() != torch::IntArrayRef(dims))
      return fail(ErrorCode::kCorrupt, "tensor '{}' of '{}' has other sizes than its header says", name,
                  file.path().string());
    const auto count = static_cast<std::uint64_t>(weight.numel());
    const auto bytes = encoded_bytes(at->second.type, count);
    if (bytes == 0)
      return fail(ErrorCode::kUnsupported, "tensor '{}' of '{}' has ggml type {}; F32, F16, BF16 and Q8_0 can be read",
                  name, file.path().string(), at->second.type);
    ZUBR_TRY(content, file.read_tensor(name, bytes));
    auto target = weight;
    if (!decode_tensor(content, at->second.type, {target.data_ptr<float>(), static_cast<std::size_t>(count)}))
      return fail(ErrorCode::kInternal, "tensor '{}' cannot be decoded", name);
  }
  return {};
}

Result<void> save_model(const std::filesystem::path& path, const Llama& model, const Vocabulary& vocabulary,
                        formats::GgufType type, const std::string& name) {
  formats::GgufWriter file;
  write_shape(model.shape(), file);
  file.add("general.name", name);
  file.add("general.file_type", type == formats::GgufType::kQ8_0 ? 7U : type == formats::GgufType::kF16 ? 1U : 0U);
  file.add("general.quantization_version", 2U);
  write_vocabulary(vocabulary, file);
  for (const auto& [tensor_name, weight] : model.weights()) {
    const auto values = weight.detach().contiguous();
    std::vector<std::uint64_t> dims(values.sizes().rbegin(), values.sizes().rend());
    const auto own = values.dim() == 1 ? formats::GgufType::kF32 : type;
    ZUBR_CHECK(
        file.add_tensor(tensor_name, dims, own,
                        encode_tensor({values.data_ptr<float>(), static_cast<std::size_t>(values.numel())}, own)));
  }
  return file.write(path);
}

}  // namespace zubr::train
