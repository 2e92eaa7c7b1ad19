#include "engine/run_settings.h"

namespace zubr::engine {
namespace {

using core::Setting;
using core::SettingType;

constexpr const char* kWhere = "run, serve";

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::vector<Setting> run_settings() {
  return {
      {.name = "engine.cache_type",
       .fallback = "f16",
       .help = "How keys and values are kept: `q8_0` takes half of the memory of `f16`, `q4_0` a quarter. They need "
               "flash attention, and attention heads of a multiple of 32 numbers.",
       .example = "q8_0",
       .choices = {"f16", "q8_0", "q4_0"},
       .where = kWhere},
      {.name = "engine.flash_attention",
       .fallback = "auto",
       .help = "Flash attention; `auto` is on where the model's shape allows it.",
       .example = "off",
       .choices = {"auto", "on", "off"},
       .where = kWhere},
      {.name = "engine.draft_model",
       .help = "A smaller GGUF file with the same vocabulary that guesses what the model will say; answers stay the "
               "same, and come sooner where it is right.",
       .example = "/models/small.gguf",
       .where = kWhere},
      {.name = "engine.draft_tokens",
       .type = SettingType::kInteger,
       .fallback = "4",
       .help = "Tokens that the draft model guesses at a time.",
       .example = "8",
       .min = 1,
       .max = 32,
       .where = kWhere},
      {.name = "engine.adapters",
       .help = "LoRA adapters (GGUF files) that requests may name, as NAME=FILE, separated by commas.",
       .example = "polite=/models/polite.gguf",
       .where = "serve"},
  };
}

Result<std::map<std::string, std::filesystem::path>> parse_adapters(std::string_view text) {
  std::map<std::string, std::filesystem::path> adapters;
  while (!trimmed(text).empty()) {
    const auto comma = text.find(',');
    const std::string_view one = trimmed(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    const auto equals = one.find('=');
    const std::string name(trimmed(one.substr(0, equals)));
    const std::string file(equals == std::string_view::npos ? std::string_view() : trimmed(one.substr(equals + 1)));
    if (name.empty() || file.empty())
      return fail(ErrorCode::kInvalidArgument, "engine.adapters: '{}' is not NAME=FILE", one);
    if (!adapters.emplace(name, file).second)
      return fail(ErrorCode::kInvalidArgument, "engine.adapters: '{}' is there twice", name);
  }
  return adapters;
}

Result<RunOptions> run_options(const core::Settings& settings) {
  RunOptions options;
  const std::string& cache = settings.text("engine.cache_type");
  options.cache = cache == "q8_0" ? CacheType::kQ8_0 : cache == "q4_0" ? CacheType::kQ4_0 : CacheType::kF16;
  const std::string& flash = settings.text("engine.flash_attention");
  options.flash = flash == "on" ? FlashAttention::kOn : flash == "off" ? FlashAttention::kOff : FlashAttention::kAuto;
  options.draft = settings.text("engine.draft_model");
  options.drafts = static_cast<int>(settings.integer("engine.draft_tokens"));
  ZUBR_TRY(adapters, parse_adapters(settings.text("engine.adapters")));
  options.adapters = std::move(adapters);
  return options;
}

}  // namespace zubr::engine
