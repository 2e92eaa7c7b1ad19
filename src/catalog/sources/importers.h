// What sources publish, as facts. Each function takes a whole answer or file of one source and reads what it knows;
// members that are missing, of another type or of another time are left out, entries without a name are counted in
// Facts::skipped. What is no such document at all is kCorrupt. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/facts.h"
#include "core/result.h"

namespace zubr::catalog {

// GET /api/models and /api/datasets of Hugging Face: an array; collections of them: {"models": […]}, {"datasets": […]}.
Result<Facts> import_hub_models(std::string_view json);
Result<Facts> import_hub_datasets(std::string_view json);
// GET /api/datasets/{id}/leaderboard.
Result<Facts> import_hub_leaderboard(std::string_view json, std::string_view benchmark, std::string_view date);

// GET /api/v1/models of OpenRouter, and /models/{author}/{slug}/endpoints, also in the form of its web pages.
Result<Facts> import_openrouter_models(std::string_view json);
Result<Facts> import_openrouter_endpoints(std::string_view json);
// GET /endpoints/zdr: the endpoints that keep nothing of what is sent, named as the offers are.
struct OfferName {
  std::string model, provider, tag;
  auto operator<=>(const OfferName&) const = default;
};
Result<std::vector<OfferName>> import_openrouter_zdr(std::string_view json);

// The Ollama library: models with their descriptions, and their tags with sizes.
Result<Facts> import_ollama_library(std::string_view models_json, std::string_view tags_json);
// A registry manifest: the size of what would be pulled; 0 where there is no model layer.
Result<std::uint64_t> ollama_manifest_bytes(std::string_view json);

// LMArena: the CSV table, and the JSON of its catalogue; `board`: "text", "vision", "image".
Result<Facts> import_lmarena_table(std::string_view csv, std::string_view board, std::string_view date);
Result<Facts> import_lmarena_json(std::string_view json, std::string_view board, std::string_view date);
// The YAML tables behind aider's leaderboards; the best run of a model counts. `board`: "polyglot", "edit" …
Result<Facts> import_aider(std::string_view yaml, std::string_view board);
// A page of rows of the Open LLM Leaderboard's data set: the average, and each benchmark of its own.
Result<Facts> import_open_llm_rows(std::string_view json, std::string_view date);
// Any table with a column of models and one of scores: CSV with a head (commas, tabs or semicolons), or a JSON array of
// objects. Empty names of
// columns: "model" or "name", and "score", "value", "rating", "average" or "accuracy".
struct ScoreColumns {
  std::string model = {}, score = {};
};
Result<Facts> import_scores(std::string_view text, std::string_view benchmark, const ScoreColumns& columns,
                            std::string_view date);

// Price maps: LiteLLM's model_prices_and_context_window.json, models.dev's api.json.
Result<Facts> import_litellm(std::string_view json);
Result<Facts> import_models_dev(std::string_view json);

// Lines of our own: facts_text.h, '#' begins a comment.
Result<Facts> import_fact_lines(std::string_view text);

}  // namespace zubr::catalog
