#include "catalog/update/update_settings.h"

namespace zubr::catalog {
namespace {

core::Setting address(std::string name, std::string fallback, std::string what, std::string env = {}) {
  return {.name = std::move(name),
          .fallback = std::move(fallback),
          .help = fmt::format("Where `zubr catalog update` reads {}, or a mirror of it.", what),
          .example = "https://mirror.example.com",
          .env = std::move(env),
          .where = "catalog update"};
}

core::Setting at_most(std::string name, std::string fallback, std::string_view what) {
  return {.name = std::move(name),
          .type = core::SettingType::kInteger,
          .fallback = std::move(fallback),
          .help = fmt::format("`zubr catalog update` reads so many {} of Hugging Face, the most downloaded.", what),
          .example = "1000",
          .min = 1,
          .max = 5e6,
          .where = "catalog update"};
}

std::string site(const core::Settings& settings, std::string_view name) {
  std::string url = settings.text(name);
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

std::vector<core::Setting> update_settings() {
  return {
      address("catalog.openrouter_url", "https://openrouter.ai/api/v1", "models, prices and providers of OpenRouter",
              "OPENROUTER_BASE_URL"),
      address("catalog.ollama_url", "https://ollama.com", "the pages of the Ollama library"),
      address("catalog.litellm_url",
              "https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json",
              "LiteLLM's map of prices"),
      address("catalog.models_dev_url", "https://models.dev/api.json", "the catalogue of models.dev"),
      address("catalog.lmarena_url", "https://raw.githubusercontent.com/lmarena/arena-catalog/main/data",
              "LMArena's boards: the folder of leaderboard-text.json"),
      address("catalog.aider_url", "https://raw.githubusercontent.com/Aider-AI/aider/main/aider/website/_data",
              "aider's boards: the folder of polyglot_leaderboard.yml"),
      address("catalog.open_llm_url", "https://datasets-server.huggingface.co", "the rows of the Open LLM Leaderboard"),
      at_most("catalog.hf_models", "20000", "models"),
      at_most("catalog.hf_datasets", "5000", "data sets"),
  };
}

UpdateSites update_sites(const core::Settings& settings) {
  UpdateSites sites;
  sites.openrouter = site(settings, "catalog.openrouter_url");
  sites.ollama = site(settings, "catalog.ollama_url");
  sites.litellm = site(settings, "catalog.litellm_url");
  sites.models_dev = site(settings, "catalog.models_dev_url");
  sites.lmarena = site(settings, "catalog.lmarena_url");
  sites.aider = site(settings, "catalog.aider_url");
  sites.open_llm = site(settings, "catalog.open_llm_url");
  sites.hf_models = settings.integer("catalog.hf_models");
  sites.hf_datasets = settings.integer("catalog.hf_datasets");
  return sites;
}

}  // namespace zubr::catalog
