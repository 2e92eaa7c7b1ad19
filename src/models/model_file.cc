#include "models/model_file.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "formats/gguf_header.h"

namespace zubr::models {
namespace {

// The type of most of the weights: what people call the quantization of a file that does not say.
std::string commonest_type(const formats::GgufHeader& header) {
  std::map<std::string_view, std::uint64_t> bytes;
  for (const formats::GgufTensorInfo& tensor : header.tensors) bytes[tensor.type_name] += tensor.bytes;
  if (bytes.empty()) return {};
  std::string name(std::ranges::max_element(bytes, {}, [](const auto& entry) { return entry.second; })->first);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return name;
}

}  // namespace

Result<ModelFacts> inspect_model_file(const std::filesystem::path& file) {
  ZUBR_TRY(header, formats::read_gguf_header(file));
  const auto type = header.file_type();
  return ModelFacts{.bytes = header.file_bytes,
                    .architecture = std::string(header.architecture()),
                    .parameters = header.parameter_count(),
                    .quantization = type ? std::string(*type) : commonest_type(header),
                    .context_tokens = header.context_length().value_or(0)};
}

}  // namespace zubr::models
