#include "models/pull_settings.h"

#include "models/hub/hub_client.h"

namespace zubr::models {

std::vector<core::Setting> pull_settings() {
  using core::SettingType;
  return {
      {.name = "models.ollama_registry",
       .fallback = "https://registry.ollama.ai",
       .help = "Where names like llama3.1:8b are pulled from: the registry of Ollama, or a mirror of it.",
       .example = "https://mirror.example.com",
       .env = "OLLAMA_REGISTRY",
       .where = "pull"},
      {.name = "models.hf_endpoint",
       .fallback = "https://huggingface.co",
       .help = "Where names like hf.co/user/repo are pulled from: Hugging Face, or a mirror of it.",
       .example = "https://mirror.example.com",
       .env = "HF_ENDPOINT",
       .where = "pull"},
      {.name = "models.connections",
       .type = SettingType::kInteger,
       .fallback = "4",
       .help = "Connections that fetch one file at the same time.",
       .example = "8",
       .min = 1,
       .max = 64,
       .where = "pull"},
      {.name = "models.limit_rate",
       .type = SettingType::kNumber,
       .fallback = "0",
       .help = "Fetch at most so many megabytes (10^6 bytes) a second; 0 is as fast as it goes.",
       .example = "12.5",
       .min = 0,
       .max = 1e6,
       .where = "pull"},
  };
}

PullOptions pull_options(const core::Settings& settings, const core::Environment& environment) {
  PullOptions options;
  options.ollama_registry = settings.text("models.ollama_registry");
  options.hf_endpoint = settings.text("models.hf_endpoint");
  options.hf_token = hub_token(environment);
  options.download.plan.parallel = static_cast<int>(settings.integer("models.connections"));
  options.download.bytes_per_second = static_cast<std::uint64_t>(settings.number("models.limit_rate") * 1e6);
  return options;
}

}  // namespace zubr::models
