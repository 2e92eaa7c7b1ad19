#include "engine/llama/preflight.h"

#include <algorithm>
#include <array>
#include <exception>
#include <string_view>
#include <unordered_set>

#include "engine/llama/handles.h"
#include "engine/llama/log_capture.h"
#include "formats/gguf_header.h"

namespace zubr::engine {
namespace {

namespace fs = std::filesystem;

// llama.cpp asserts that the texts of the tokens are distinct.
Result<void> check_vocabulary(const fs::path& path, const gguf_context* header) {
  const auto key = gguf_find_key(header, "tokenizer.ggml.tokens");
  if (key < 0) return {};  // llama.cpp says so itself, by an error
  if (gguf_get_kv_type(header, key) != GGUF_TYPE_ARRAY || gguf_get_arr_type(header, key) != GGUF_TYPE_STRING) {
    return fail(ErrorCode::kCorrupt, "'{}': tokenizer.ggml.tokens is not a list of strings; convert it again",
                path.string());
  }
  const std::size_t count = gguf_get_arr_n(header, key);
  if (count == 0) return fail(ErrorCode::kCorrupt, "'{}': the vocabulary is empty; convert it again", path.string());
  std::unordered_set<std::string_view> seen(count * 2);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view text = gguf_get_arr_str(header, key, i);
    if (!text.empty() && !seen.insert(text).second) {
      return fail(ErrorCode::kCorrupt, "'{}': token {} repeats an earlier token's text; convert it again",
                  path.string(), i);
    }
  }
  return {};
}

// Numbers that llama.cpp divides by, allocates from or indexes with before it looks at the tensors.
Result<void> check_counts(const fs::path& path, const formats::GgufHeader& header) {
  struct Limit {
    std::string_view key;
    std::int64_t least, most;
  };
  constexpr std::array<Limit, 4> kLimits{{{"block_count", 1, 512},
                                          {"embedding_length", 1, 1 << 20},
                                          {"context_length", 1, std::int64_t{1} << 31},
                                          {"vocab_size", 1, 1 << 24}}};
  for (const Limit& limit : kLimits) {
    const std::string key = std::string(header.architecture()) + "." + std::string(limit.key);
    const auto value = header.integer(key);
    if (value && (*value < limit.least || *value > limit.most)) {
      return fail(ErrorCode::kCorrupt, "'{}': {} is {}, which cannot be (at most {}); download it again", path.string(),
                  key, *value, limit.most);
    }
  }
  return {};
}

}  // namespace

Result<ModelFileFacts> check_model_file(const fs::path& path, bool vocab_only) {
  auto known = formats::read_gguf_header(path);
  if (!known) return fail(known.error());
  if (known->tensors.empty() && !vocab_only) {
    return fail(ErrorCode::kCorrupt, "'{}' has no tensors, only a header; give the whole model", path.string());
  }
  ZUBR_CHECK(check_counts(path, *known));
  initialise_llama();
  LogCapture log;
  GgufHandle header;
  try {
    header.reset(gguf_init_from_file(path.c_str(), {.no_alloc = true, .ctx = nullptr}));
  } catch (const std::exception& error) {
    return fail(ErrorCode::kCorrupt, "the header of '{}' is damaged ({}); download it again", path.string(),
                error.what());
  }
  if (!header) {
    return fail(ErrorCode::kCorrupt, "the header of '{}' is damaged ({}); download it again", path.string(),
                log.complaint());
  }
  ZUBR_CHECK(check_vocabulary(path, header.get()));
  ModelFileFacts facts;
  facts.learned_positions = std::ranges::any_of(
      known->tensors, [](const formats::GgufTensorInfo& tensor) { return tensor.name == "position_embd.weight"; });
  return facts;
}

}  // namespace zubr::engine
