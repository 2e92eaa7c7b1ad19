// `zubr catalog update`: the sources one after the other, with progress, and what changed in the end.
#pragma once

#include <string>
#include <vector>

#include "catalog/update/source_client.h"
#include "cli/session.h"

namespace zubr::cli {

inline constexpr const char* kSourceChoices =
    "openrouter|openrouter-endpoints|litellm|models.dev|ollama|lmarena|aider|open-llm|hf-leaderboard|hf|hf-datasets";

struct UpdateWishes {
  std::vector<std::string> sources = {};  // empty = all, or with a filter Hugging Face's models
  catalog::HubFilter filter = {};
  bool dry_run = false;
};

// A source that fails does not keep the others from being read; the exit code is then its error's.
Result<int> update_catalog(const UpdateWishes& wishes, bool json, Session& session);

}  // namespace zubr::cli
