#include "models/hub/hub_files.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "core/display.h"

namespace zubr::models {
namespace {

constexpr std::string_view kDefault = "Q4_K_M";

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return out;
}

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool is_gguf(std::string_view path) { return upper(path).ends_with(".GGUF"); }
bool is_projector(std::string_view path) { return upper(file_name(path)).find("MMPROJ") != std::string::npos; }
// Importance matrices are GGUF too and no models.
bool is_model(std::string_view path) {
  return is_gguf(path) && !is_projector(path) && upper(file_name(path)).find("IMATRIX") == std::string::npos;
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// One word of a name, in capitals: does it begin a quantization? Q4, IQ3, TQ1, F16, BF16, FP16, MXFP4 with _K _M _0 …
bool is_quantization(std::string_view word) {
  const std::string_view head = word.substr(0, word.find('_'));
  if (head == "F16" || head == "F32" || head == "BF16" || head == "FP16" || head == "FP32" || head == "MXFP4")
    return true;
  for (const std::string_view prefix : {"IQ", "TQ", "Q"})
    if (head.starts_with(prefix) && head.size() == prefix.size() + 1 && is_digits(head.substr(prefix.size())))
      return true;
  return false;
}

tl::unexpected<Error> choices(ErrorCode code, const std::vector<HubFile>& files, std::string_view repository,
                              std::string_view why) {
  std::map<std::string, std::uint64_t> sizes;
  for (const HubFile& file : files) {
    if (!is_model(file.path)) continue;
    const std::string name = quantization_of(file.path);
    sizes[name.empty() ? file.path : name] += file.size;
  }
  std::string list;
  for (const auto& [name, size] : sizes)
    list += fmt::format("{}{} ({})", list.empty() ? "" : ", ", name, core::display_bytes(size));
  return fail(code, "{}; choose with hf.co/{}:NAME one of: {}", why, repository, list);
}

// All shards of the one that was chosen.
Result<std::vector<HubFile>> with_shards(const std::vector<HubFile>& files, const HubFile& chosen) {
  const auto shard = shard_of(chosen.path);
  if (!shard) return std::vector<HubFile>{chosen};
  std::map<int, HubFile> found;
  for (const HubFile& file : files)
    if (const auto other = shard_of(file.path); other && other->stem == shard->stem && other->count == shard->count)
      found.emplace(other->index, file);
  std::vector<HubFile> shards;
  for (int i = 1; i <= shard->count; ++i) {
    if (!found.contains(i))
      return fail(ErrorCode::kCorrupt, "the repository lacks part {} of {} of {}", i, shard->count, shard->stem);
    shards.push_back(found.at(i));
  }
  return shards;
}

// The most precise that is not f32: what llama.cpp's own tools take too.
std::optional<HubFile> projector_of(const std::vector<HubFile>& files) {
  std::optional<HubFile> best;
  const auto rank = [](const HubFile& file) {
    const std::string name = quantization_of(file.path);
    return name == "F16" || name == "FP16" ? 3 : name == "BF16" ? 2 : name == "F32" ? 0 : 1;
  };
  for (const HubFile& file : files)
    if (is_gguf(file.path) && is_projector(file.path) && (!best || rank(file) > rank(*best))) best = file;
  return best;
}

}  // namespace

std::string quantization_of(std::string_view path) {
  std::string name = upper(file_name(path));
  if (name.ends_with(".GGUF")) name.resize(name.size() - 5);
  if (const auto shard = shard_of(path)) name = upper(file_name(shard->stem));
  // The last word that is one: "model.with-Q8_0-imatrix.IQ3_M".
  std::string found;
  for (std::size_t at = 0; at <= name.size();) {
    const std::size_t end = std::min(name.find_first_of("-.", at), name.size());
    const std::string_view word = std::string_view(name).substr(at, end - at);
    if (is_quantization(word))
      found = fmt::format("{}{}", at >= 3 && name.substr(at - 3, 3) == "UD-" ? "UD-" : "", word);
    at = end + 1;
  }
  return found;
}

std::optional<Shard> shard_of(std::string_view path) {
  // …-00001-of-00003.gguf
  constexpr std::size_t kTail = 20;
  if (!is_gguf(path) || path.size() <= kTail) return std::nullopt;
  const std::string_view tail = path.substr(path.size() - kTail);
  if (tail[0] != '-' || tail.substr(6, 4) != "-of-" || !is_digits(tail.substr(1, 5)) || !is_digits(tail.substr(10, 5)))
    return std::nullopt;
  Shard shard{std::string(path.substr(0, path.size() - kTail)), 0, 0};
  std::from_chars(tail.data() + 1, tail.data() + 6, shard.index);
  std::from_chars(tail.data() + 10, tail.data() + 15, shard.count);
  if (shard.index < 1 || shard.count < 1 || shard.index > shard.count || shard.count > 1000) return std::nullopt;
  return shard;
}

Result<HubChoice> choose_files(const std::vector<HubFile>& files, std::string_view selector,
                               std::string_view repository) {
  std::vector<HubFile> models;
  for (const HubFile& file : files)
    if (is_model(file.path)) models.push_back(file);
  if (models.empty())
    return fail(ErrorCode::kUnsupported,
                "hf.co/{} has no GGUF file; look for a repository of it whose name ends in GGUF", repository);
  const HubFile* chosen = nullptr;
  if (!selector.empty()) {
    for (const HubFile& file : models)
      if (file.path == selector || (chosen == nullptr && file_name(file.path) == selector)) chosen = &file;
    for (const HubFile& file : models)
      if (chosen == nullptr && quantization_of(file.path) == upper(selector)) chosen = &file;
    if (chosen == nullptr)
      return choices(ErrorCode::kNotFound, files, repository, message("hf.co/{} has no '{}'", repository, selector));
  } else {
    std::set<std::string> kinds;
    for (const HubFile& file : models) {
      const std::string name = quantization_of(file.path);
      const auto shard = shard_of(file.path);
      kinds.insert(!name.empty() ? name : shard ? shard->stem : file.path);
      if (chosen == nullptr && name == kDefault) chosen = &file;
    }
    if (chosen == nullptr && kinds.size() > 1)
      return choices(ErrorCode::kInvalidArgument, files, repository,
                     message("hf.co/{} has no {}", repository, kDefault));
    if (chosen == nullptr) chosen = &models.front();
  }
  HubChoice choice;
  ZUBR_TRY(shards, with_shards(files, *chosen));
  choice.files = std::move(shards);
  choice.quantization = quantization_of(chosen->path);
  choice.projector = projector_of(files);
  return choice;
}

}  // namespace zubr::models
