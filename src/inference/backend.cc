#include "inference/backend.h"

namespace zubr::inference {

Result<std::vector<std::int32_t>> Backend::tokenize(const TokenizeRequest&) {
  return fail(ErrorCode::kUnsupported, "'{}' does not show its tokens", info().name);
}

Result<std::string> Backend::detokenize(std::span<const std::int32_t>) {
  return fail(ErrorCode::kUnsupported, "'{}' does not show its tokens", info().name);
}

Result<Backend::Prompt> Backend::render(const GenerateRequest&) {
  return fail(ErrorCode::kUnsupported, "'{}' does not show its prompts", info().name);
}

}  // namespace zubr::inference
