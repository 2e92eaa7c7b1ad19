// catalog_snapshot DATA FAMILIES OUT: makes assets/catalog/snapshot.zst, and sources.md beside it, from recorded lists
// (DATA: a folder as ../shared/data/catalogue) and the hand-written facts (FAMILIES).
//
// Facts only: no descriptions, no model cards. Only lists are read whose collection has a licence that lets it be
// passed on, or that are lists of plain facts with such a licence around them; sources.md names each with its licence.
#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <iostream>

#include "catalog/snapshot.h"
#include "catalog/sources/importers.h"
#include "core/text_file.h"

namespace {

using namespace zubr;
using catalog::Facts;
using catalog::SourceFacts;
using catalog::SourceInfo;

constexpr std::size_t kMaxFile = std::size_t{64} << 20;

struct Recipe {
  SourceInfo source;
  std::string origin;  // for sources.md
  std::vector<std::string> files;
  std::function<Result<Facts>(const std::vector<std::string>&)> read;
};

Result<Facts> joined(std::initializer_list<Result<Facts>> parts) {
  Facts all;
  for (const auto& part : parts) {
    if (!part) return fail(part.error());
    all.models.insert(all.models.end(), part->models.begin(), part->models.end());
    all.datasets.insert(all.datasets.end(), part->datasets.begin(), part->datasets.end());
    all.skipped += part->skipped;
  }
  return all;
}

std::vector<Recipe> recipes() {
  using Texts = std::vector<std::string>;
  return {
      {{"hf", "https://huggingface.co/api/models", "2026-05-04", "MIT"},
       "0motionguy/starscreener at 650c160a75: trending models and data sets of the hub's public API",
       {"huggingface/huggingface-trending-2026-05.json", "huggingface/huggingface-datasets.json"},
       [](const Texts& t) {
         return joined({catalog::import_hub_models(t[0]), catalog::import_hub_datasets(t[1])});
       }},
      {{"openrouter", "https://openrouter.ai/api/v1/models", "2026-05-12", "MIT"},
       "anomalyco/models.dev at f3fc692299, models.json: OpenRouter's public list",
       {"openrouter/openrouter_models_2026-05.json"},
       [](const Texts& t) { return catalog::import_openrouter_models(t[0]); }},
      {{"openrouter-endpoints", "https://openrouter.ai", "2025-07-22", "MIT"},
       "SiddarthNach/Modelz.io at f067b72e1f: providers of DeepSeek V3 0324 with speed and data policy",
       {"openrouter/endpoints-2025-07/output.json"},
       [](const Texts& t) { return catalog::import_openrouter_endpoints(t[0]); }},
      {{"models.dev", "https://models.dev/api.json", "2026-07-02", "MIT"},
       "anomalyco/models.dev at f3fc692299: providers, prices, limits, benchmarks",
       {"models.dev/models.dev-merged.json"},
       [](const Texts& t) { return catalog::import_models_dev(t[0]); }},
      {{"litellm", "https://github.com/BerriAI/litellm", "2026-08-21", "MIT"},
       "BerriAI/litellm, model_prices_and_context_window.json: prices and limits",
       {"prices/litellm_model_prices_and_context_window.json"},
       [](const Texts& t) { return catalog::import_litellm(t[0]); }},
      {{"ollama", "https://ollama.com/library", "2026-07-15", "MIT"},
       "D3rhami/ollama_gallery at 5d4b65615c: library with tags and sizes",
       {"ollama/d3rhami/models.json", "ollama/d3rhami/tags.json"},
       [](const Texts& t) { return catalog::import_ollama_library(t[0], t[1]); }},
      {{"lmarena", "https://lmarena.ai/leaderboard", "2025-08-06", "MPL-2.0"},
       "fboulnois/llm-leaderboard-csv at 44db9588e2: names and ratings of the text, vision and image boards",
       {"leaderboards/lmarena-2025-08/lmarena_text.csv", "leaderboards/lmarena-2025-08/lmarena_vision.csv",
        "leaderboards/lmarena-2025-08/lmarena_image.csv"},
       [](const Texts& t) {
         return joined({catalog::import_lmarena_table(t[0], "text", "2025-08-06"),
                        catalog::import_lmarena_table(t[1], "vision", "2025-08-06"),
                        catalog::import_lmarena_table(t[2], "image", "2025-08-06")});
       }},
      {{"aider", "https://aider.chat/docs/leaderboards/", "2026-05-22", "Apache-2.0"},
       "Aider-AI/aider at 5dc9490bb3: the polyglot, edit and refactor boards",
       {"leaderboards/aider/polyglot_leaderboard.yml", "leaderboards/aider/edit_leaderboard.yml",
        "leaderboards/aider/refactor_leaderboard.yml"},
       [](const Texts& t) {
         return joined({catalog::import_aider(t[0], "polyglot"), catalog::import_aider(t[1], "edit"),
                        catalog::import_aider(t[2], "refactor")});
       }},
  };
}

Result<void> run(const std::filesystem::path& data, const std::filesystem::path& families,
                 const std::filesystem::path& out) {
  std::vector<SourceFacts> sources;
  std::string table =
      "# Where the snapshot comes from\n\n"
      "Made by `tools/catalog_snapshot`; it holds facts only: names, sizes, licences, prices, limits, ratings, "
      "counts.\n\n"
      "| source | as of | collection | its licence | models | data sets |\n|---|---|---|---|---:|---:|\n";
  const auto note = [&](const SourceFacts& one, const std::string& origin) {
    table += fmt::format("| {} ({}) | {} | {} | {} | {} | {} |\n", one.source.name, one.source.url, one.source.date,
                         origin, one.source.license, one.facts.models.size(), one.facts.datasets.size());
    std::cout << fmt::format("{}: {} models, {} data sets, {} skipped\n", one.source.name, one.facts.models.size(),
                             one.facts.datasets.size(), one.facts.skipped);
  };
  for (const Recipe& recipe : recipes()) {
    std::vector<std::string> texts;
    for (const std::string& file : recipe.files) {
      ZUBR_TRY(text, core::read_text_file(data / file, kMaxFile));
      texts.push_back(std::move(text));
    }
    auto facts = recipe.read(texts);
    if (!facts) return fail(facts.error().context(recipe.source.name));
    sources.push_back({recipe.source, std::move(*facts)});
    note(sources.back(), recipe.origin);
  }
  ZUBR_TRY(text, core::read_text_file(families, kMaxFile));
  ZUBR_TRY(facts, catalog::import_fact_lines(text));
  sources.push_back({{"facts", "assets/catalog/families.jsonl", "2026-11-23", "Apache-2.0"}, std::move(facts)});
  note(sources.back(), "written for this program; each line names the page that says it");
  const std::string bytes = catalog::write_snapshot(sources);
  ZUBR_CHECK(core::write_text_file(out, bytes));
  std::cout << fmt::format("{}: {} bytes\n", out.string(), bytes.size());
  return core::write_text_file(out.parent_path() / "sources.md", table);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: catalog_snapshot DATA FAMILIES OUT\n";
    return 2;
  }
  const auto done = run(argv[1], argv[2], argv[3]);
  if (done) return 0;
  std::cerr << "catalog_snapshot: " << done.error().message() << "\n";
  return 1;
}
