// The user's models on the terminal: the list, one model's facts, and forgetting them.
#pragma once

#include <string>
#include <vector>

#include "cli/json_text.h"
#include "cli/session.h"
#include "models/model_store.h"

namespace zubr::cli {

Result<int> list_models(bool json, bool names, Session& session);
Result<int> remove_models(const std::vector<std::string>& names, Session& session);

// Everything that is known here about a model.
Json entry_json(const models::ModelEntry& entry);
void show_entry(const models::ModelEntry& entry, std::ostream& out);

}  // namespace zubr::cli
