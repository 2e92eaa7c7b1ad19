#include "engine/llama/importance.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "formats/gguf_header.h"

namespace zubr::engine {
namespace {

constexpr std::string_view kSums = ".in_sum2", kCounts = ".counts";
constexpr std::uint64_t kMaxBytes = 1ull << 30;

Result<std::vector<float>> read_floats(std::ifstream& in, const formats::GgufTensorInfo& tensor) {
  if (tensor.type_name != "f32" || tensor.bytes > kMaxBytes)
    return fail(ErrorCode::kCorrupt, "'{}' of the importance matrix is no table of f32", tensor.name);
  std::vector<float> values(tensor.bytes / sizeof(float));
  in.seekg(static_cast<std::streamoff>(tensor.offset));
  in.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(tensor.bytes));
  if (!in || !std::ranges::all_of(values, [](float value) { return std::isfinite(value) && value >= 0; }))
    return fail(ErrorCode::kCorrupt, "'{}' of the importance matrix has values that are no sums", tensor.name);
  return values;
}

}  // namespace

Result<std::vector<Importance>> read_importance(const std::filesystem::path& file) {
  auto header = formats::read_gguf_header(file);
  if (!header) return fail(header.error().context(message("reading the importance matrix {}", file.string())));
  std::ifstream in(file, std::ios::binary);
  std::vector<Importance> all;
  for (const formats::GgufTensorInfo& tensor : header->tensors) {
    if (!tensor.name.ends_with(kSums)) continue;
    const std::string name = tensor.name.substr(0, tensor.name.size() - kSums.size());
    const auto counts = std::ranges::find(header->tensors, name + std::string(kCounts), &formats::GgufTensorInfo::name);
    if (counts == header->tensors.end())
      return fail(ErrorCode::kCorrupt, "the importance matrix {} has no counts for '{}'", file.string(), name);
    ZUBR_TRY(values, read_floats(in, tensor));
    ZUBR_TRY(times, read_floats(in, *counts));
    if (times.empty() || values.size() % times.size() != 0)
      return fail(ErrorCode::kCorrupt, "the importance matrix {} has {} counts for {} sums of '{}'", file.string(),
                  times.size(), values.size(), name);
    // Matrices of experts stand one behind the other; one that was never used is as important as any.
    const std::size_t columns = values.size() / times.size();
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = times[i / columns] > 0 ? values[i] / times[i / columns] : 1.0F;
    all.push_back({name, std::move(values)});
  }
  if (all.empty())
    return fail(ErrorCode::kCorrupt, "{} is no importance matrix (a GGUF file by llama-imatrix)", file.string());
  return all;
}

}  // namespace zubr::engine
