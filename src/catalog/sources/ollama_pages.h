// The Ollama library as its web pages say it: the site has no other interface. What is looked for are the page's own
// marks for tests (x-test-…) and the addresses of tags, not its looks. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/facts.h"
#include "core/result.h"

namespace zubr::catalog {

struct OllamaEntry {
  std::string name = {};                       // "llama3.1"
  std::vector<std::string> capabilities = {};  // "vision", "tools", "embedding"
  std::vector<std::string> sizes = {};         // "8b"
  std::optional<std::int64_t> pulls = {};
  std::string modified = {};  // YYYY-MM-DD
};

struct OllamaTag {
  std::string name = {};  // "llama3.1:8b-instruct-q4_K_M"
  std::uint64_t bytes = 0;
  std::optional<std::int64_t> context = {};
  unsigned inputs = 0;
  std::string digest = {};  // its first digits
};

// GET /library. kCorrupt where there is no model on the page.
Result<std::vector<OllamaEntry>> read_ollama_library(std::string_view html);
// GET /library/{model}/tags. No models where the page has no tags with a size.
Facts import_ollama_tags(const OllamaEntry& entry, std::string_view html);
// The registry's manifest of a model's latest; none where it has no model layer.
std::optional<Facts> import_ollama_manifest(const OllamaEntry& entry, std::string_view json);

// Tags of one key are one model. `latest`: the tag that "latest" is another name of, empty = not known.
void add_ollama_models(const OllamaEntry& entry, const std::vector<OllamaTag>& tags, Facts& facts,
                       const std::string& latest);

}  // namespace zubr::catalog
