#include "models/pull_settings.h"

#include <algorithm>

#include "models/hub/hub_client.h"
#include "net/headers.h"

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
      {.name = "models.ollama_mirrors",
       .fallback = "",
       .help = "Servers that have the registry's files too, asked when it fails: addresses with commas between them.",
       .example = "https://a.example.com,https://b.example.com",
       .where = "pull"},
      {.name = "models.hf_mirrors",
       .fallback = "",
       .help = "Servers that have Hugging Face's files too, asked when it fails: addresses with commas between them.",
       .example = "https://a.example.com,https://b.example.com",
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

namespace {

std::vector<std::string> addresses(std::string_view text) {
  std::vector<std::string> all;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view one = net::trim(text.substr(0, comma));
    if (!one.empty()) all.emplace_back(one);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return all;
}

}  // namespace

PullOptions pull_options(const core::Settings& settings, const core::Environment& environment) {
  PullOptions options;
  options.ollama_registry = settings.text("models.ollama_registry");
  options.hf_endpoint = settings.text("models.hf_endpoint");
  options.ollama_mirrors = addresses(settings.text("models.ollama_mirrors"));
  options.hf_mirrors = addresses(settings.text("models.hf_mirrors"));
  options.hf_token = hub_token(environment);
  options.credentials = docker_credentials(environment);
  options.download.plan.parallel = static_cast<int>(settings.integer("models.connections"));
  options.download.bytes_per_second = static_cast<std::uint64_t>(settings.number("models.limit_rate") * 1e6);
  return options;
}

}  // namespace zubr::models
