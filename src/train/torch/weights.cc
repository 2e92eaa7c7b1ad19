#include "train/torch/weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/llama/gguf_rewrite.h"
#include "engine/llama/tensor_codec.h"
#include "train/quantize.h"
#include "train/tune/adapter.h"

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
    const auto row = static_cast<std::uint64_t>(dims.back());
    const auto bytes = engine::tensor_bytes(at->second.type, row, count);
    ZUBR_TRY(content, file.read_tensor(name, bytes));
    auto target = weight;
    auto values = weight.scalar_type() == torch::kFloat32 ? target.detach() : torch::empty(weight.sizes());
    const auto decoded = engine::decode_tensor(content, at->second.type, row,
                                               {values.data_ptr<float>(), static_cast<std::size_t>(count)});
    if (!decoded)
      return fail(decoded.error().context(fmt::format("reading tensor '{}' of '{}'", name, file.path().string())));
    if (values.data_ptr() != target.data_ptr()) target.copy_(values);
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
  if (const auto& factors = model.shape().rope_factors; !factors.empty())
    ZUBR_CHECK(file.add_tensor(kRopeFactors, std::vector<std::uint64_t>{factors.size()}, formats::GgufType::kF32,
                               encode_tensor(factors, formats::GgufType::kF32)));
  return file.write(path);
}

Result<void> save_over(const std::filesystem::path& source, const Llama& model, const std::string& type,
                       const std::string& name, const std::filesystem::path& file) {
  std::map<std::string, torch::Tensor, std::less<>> weights(model.weights().begin(), model.weights().end());
  engine::GgufRewrite rewrite = rewrite_as(type, name);
  rewrite.touches = [&](std::string_view tensor) { return weights.contains(tensor); };
  rewrite.change = [&](std::string_view tensor, std::span<float> values) -> Result<void> {
    const auto own = weights.find(tensor)->second.detach().to(torch::kFloat32).contiguous();
    if (own.numel() != std::ssize(values))
      return fail(ErrorCode::kCorrupt, "tensor '{}' has {} numbers, the model {}", tensor, values.size(), own.numel());
    std::copy_n(own.data_ptr<float>(), values.size(), values.data());
    return {};
  };
  return engine::rewrite_gguf(source, file, rewrite);
}

}  // namespace zubr::train
