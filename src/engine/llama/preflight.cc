#include "engine/llama/preflight.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <fstream>
#include <string_view>
#include <unordered_set>

#include "engine/llama/handles.h"
#include "engine/llama/log_capture.h"

namespace zubr::engine {
namespace {

namespace fs = std::filesystem;

Result<void> check_regular_file(const fs::path& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    return fail(ErrorCode::kNotFound, "there is no file '{}'; run: zubr models list", path.string());
  }
  if (error) return fail(ErrorCode::kIo, "'{}' cannot be read: {}", path.string(), error.message());
  if (status.type() == fs::file_type::directory) {
    return fail(ErrorCode::kInvalidArgument, "'{}' is a directory; give the GGUF file in it", path.string());
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const bool denied = errno == EACCES || errno == EPERM;
    return fail(denied ? ErrorCode::kPermissionDenied : ErrorCode::kIo, "'{}' cannot be opened: {}", path.string(),
                std::strerror(errno));
  }
  std::array<char, 4> magic{};
  file.read(magic.data(), magic.size());
  if (file.gcount() != 4 || std::string_view(magic.data(), 4) != "GGUF") {
    return fail(ErrorCode::kCorrupt, "'{}' is not a GGUF file (it does not begin with 'GGUF'); give a model in that format",
                path.string());
  }
  return {};
}

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
      return fail(ErrorCode::kCorrupt, "'{}': token {} repeats an earlier token's text; convert it again", path.string(),
                  i);
    }
  }
  return {};
}

Result<void> check_tensors(const fs::path& path, const gguf_context* header, bool vocab_only) {
  const auto tensors = gguf_get_n_tensors(header);
  if (tensors == 0) {
    if (vocab_only) return {};
    return fail(ErrorCode::kCorrupt, "'{}' has no tensors, only a header; give the whole model", path.string());
  }
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) return fail(ErrorCode::kIo, "the size of '{}' cannot be read: {}", path.string(), error.message());
  const auto start = gguf_get_data_offset(header);
  for (std::int64_t i = 0; i < tensors; ++i) {
    const auto begin = start + gguf_get_tensor_offset(header, i);
    const auto bytes = gguf_get_tensor_size(header, i);
    if (begin > size || bytes > size - begin) {
      return fail(ErrorCode::kCorrupt, "'{}' is cut short: {} bytes, but tensor '{}' ends at {}; download it again",
                  path.string(), size, gguf_get_tensor_name(header, i), begin + bytes);
    }
  }
  return {};
}

}  // namespace

Result<void> check_model_file(const fs::path& path, bool vocab_only) {
  ZUBR_CHECK(check_regular_file(path));
  initialise_llama();
  LogCapture log;
  GgufHandle header;
  try {
    header.reset(gguf_init_from_file(path.c_str(), {.no_alloc = true, .ctx = nullptr}));
  } catch (const std::exception& error) {
    return fail(ErrorCode::kCorrupt, "the header of '{}' is damaged ({}); download it again", path.string(), error.what());
  }
  if (!header) {
    return fail(ErrorCode::kCorrupt, "the header of '{}' is damaged ({}); download it again", path.string(),
                log.complaint());
  }
  ZUBR_CHECK(check_vocabulary(path, header.get()));
  return check_tensors(path, header.get(), vocab_only);
}

}  // namespace zubr::engine
