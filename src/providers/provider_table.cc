#include "providers/provider_table.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>

#include "core/nearest.h"
#include "core/text_file.h"
#include "core/toml.h"
#include "net/url.h"

#ifdef ZUBR_PROVIDERS_TABLE
__asm__(
    ".section .rodata\n"
    "zubr_providers_begin:\n"
    ".incbin \"" ZUBR_PROVIDERS_TABLE
    "\"\n"
    "zubr_providers_end:\n"
    ".byte 0\n"
    ".text\n");
extern "C" const char zubr_providers_begin[], zubr_providers_end[];
#endif

namespace zubr::providers {
namespace {

using core::TomlType;
using core::TomlValue;

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 40 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

bool is_variable(std::string_view name) {
  return name.empty() || (name.size() <= 100 && std::ranges::all_of(name, [](char c) {
                            return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                                   c == '_';
                          }));
}

// What a key says, into the provider. False: the value is not `expected`.
struct KeyReader {
  std::string_view expected;
  std::function<bool(const TomlValue&, Provider&)> read;
};

bool take_text(const TomlValue& value, std::string& into) {
  if (value.type != TomlType::kText || value.text.size() > 1000) return false;
  into = value.text;
  return true;
}

bool take_flag(const TomlValue& value, bool& into) {
  if (value.type != TomlType::kBool) return false;
  into = value.text == "true";
  return true;
}

bool take_count(const TomlValue& value, int& into) {
  if (value.type != TomlType::kInteger) return false;
  int number = 0;
  const auto [end, wrong] = std::from_chars(value.text.data(), value.text.data() + value.text.size(), number);
  if (wrong != std::errc() || end != value.text.data() + value.text.size() || number < 0 || number > 10'000'000)
    return false;
  into = number;
  return true;
}

bool take_fact(const TomlValue& value, std::optional<bool>& into) {
  bool flag = false;
  if (!take_flag(value, flag)) return false;
  into = flag;
  return true;
}

bool take_dialect(const TomlValue& value, Provider& provider) {
  if (value.text == "openai") provider.dialect = Dialect::kOpenAi;
  if (value.text == "anthropic") provider.dialect = Dialect::kAnthropic;
  if (value.text == "gemini") provider.dialect = Dialect::kGemini;
  return value.text == "openai" || value.text == "anthropic" || value.text == "gemini";
}

bool take_reach(const TomlValue& value, Provider& provider) {
  for (const Reach reach : {Reach::kLocal, Reach::kPrivate, Reach::kHosted})
    if (value.text == reach_name(reach)) {
      provider.reach = reach;
      return true;
    }
  return false;
}

bool take_features(const TomlValue& value, Provider& provider) {
  Features features = 0;
  for (const std::string& name : value.items) {
    const auto feature = feature_of(name);
    if (!feature) return false;
    features |= *feature;
  }
  provider.features = features;
  return !value.items.empty();
}

bool take_url(const TomlValue& value, Provider& provider) {
  std::string text = value.text;
  while (text.ends_with('/')) text.pop_back();
  const auto url = net::Url::parse(text);
  if (value.type != TomlType::kText || !url || text.find('?') != std::string::npos) return false;
  provider.base_url = std::move(text);
  return true;
}

bool take_names(const TomlValue& value, Provider& provider) {
  if (value.items.empty() || !std::ranges::all_of(value.items, is_name)) return false;
  provider.also = value.items;
  return true;
}

bool take_variable(const TomlValue& value, std::string& into) {
  return is_variable(value.text) && take_text(value, into);
}

bool take_patience(const TomlValue& value, Provider& provider) {
  int seconds = 0;
  if (!take_count(value, seconds) || seconds == 0 || seconds > 86'400) return false;
  provider.limits.patience = std::chrono::seconds(seconds);
  return true;
}

const std::map<std::string, KeyReader, std::less<>>& keys() {
  using V = const TomlValue&;
  using P = Provider&;
  static const std::map<std::string, KeyReader, std::less<>> all{
      {"display", {"a text", [](V v, P p) { return take_text(v, p.display); }}},
      {"dialect", {"one of openai, anthropic, gemini", take_dialect}},
      {"reach", {"one of local, private, hosted", take_reach}},
      {"base_url", {"an http or https address without a question mark", take_url}},
      {"base_url_variable",
       {"the name of an environment variable", [](V v, P p) { return take_variable(v, p.base_url_variable); }}},
      {"key_variable",
       {"the name of an environment variable", [](V v, P p) { return take_variable(v, p.key_variable); }}},
      {"needs_key", {"true or false", [](V v, P p) { return take_flag(v, p.needs_key); }}},
      {"also", {"a list of names", take_names}},
      {"features", {"a list of features; zubr providers --json shows their names", take_features}},
      {"max_tokens_field",
       {"max_tokens or max_completion_tokens",
        [](V v, P p) {
          return (v.text == "max_tokens" || v.text == "max_completion_tokens") && take_text(v, p.max_tokens_field);
        }}},
      {"api_version", {"a text", [](V v, P p) { return take_text(v, p.api_version); }}},
      {"max_stops", {"a whole number", [](V v, P p) { return take_count(v, p.limits.max_stops); }}},
      {"default_max_tokens", {"a whole number", [](V v, P p) { return take_count(v, p.limits.default_max_tokens); }}},
      {"embed_texts", {"a whole number", [](V v, P p) { return take_count(v, p.limits.embed_texts); }}},
      {"parallel", {"a whole number", [](V v, P p) { return take_count(v, p.limits.parallel); }}},
      {"patience_s", {"seconds, from 1 to 86400", take_patience}},
      {"trains", {"true or false", [](V v, P p) { return take_fact(v, p.privacy.trains); }}},
      {"retains", {"true or false", [](V v, P p) { return take_fact(v, p.privacy.retains); }}},
      {"retention_days",
       {"a whole number",
        [](V v, P p) {
          int days = 0;
          if (!take_count(v, days)) return false;
          p.privacy.retention_days = days;
          return true;
        }}},
      {"region", {"a text", [](V v, P p) { return take_text(v, p.privacy.region); }}},
      {"privacy_source", {"a text", [](V v, P p) { return take_text(v, p.privacy.source); }}},
      {"privacy_date",
       {"a day like 2026-11-23", [](V v, P p) { return v.text.size() == 10 && take_text(v, p.privacy.date); }}},
  };
  return all;
}

Result<void> read_key(const TomlValue& value, std::string_view source, Provider& provider) {
  const std::string& key = value.path[2];
  const auto reader = keys().find(key);
  if (reader == keys().end()) {
    std::vector<std::string> names;
    for (const auto& entry : keys()) names.push_back(entry.first);
    const auto near = core::nearest(key, names);
    return fail(ErrorCode::kInvalidArgument, "{}:{}: a provider has no '{}'{}", source, value.line, key,
                near ? message("; did you mean '{}'?", *near) : "");
  }
  if (!reader->second.read(value, provider))
    return fail(ErrorCode::kInvalidArgument, "{}:{}: {} of the provider '{}' is not {}", source, value.line, key,
                provider.name, reader->second.expected);
  return {};
}

bool is_loopback(const std::string& address) {
  const auto url = net::Url::parse(address);
  return url && url->is_loopback();
}

Result<void> check(const Provider& provider) {
  const auto wrong = [&](std::string why) {
    return fail(ErrorCode::kInvalidArgument, "{}: the provider '{}' {}", provider.origin, provider.name, why);
  };
  if (provider.base_url.empty() && provider.base_url_variable.empty()) return wrong(message("has no base_url"));
  // Who says "local" must mean this machine: the privacy of requests hangs on it.
  if (provider.reach == Reach::kLocal && !is_loopback(provider.base_url))
    return wrong(message("is called local, but its base_url is not this machine; use reach = \"private\""));
  if (provider.features == 0) return wrong(message("has no features"));
  const PrivacyFacts& facts = provider.privacy;
  if ((facts.trains || facts.retains) && provider.reach == Reach::kHosted &&
      (facts.source.empty() || facts.date.empty()))
    return wrong(
        message("says what it does with data, but not where and when it said so (privacy_source, privacy_date)"));
  return {};
}

constexpr Features kUsualFeatures = kChat | kTools | kPenalties | kSeed | kStreamUsage;

Result<void> entry_of(const std::string& name, const std::string& origin, std::vector<Provider>& all,
                      Provider*& entry) {
  if (!is_name(name))
    return fail(ErrorCode::kInvalidArgument,
                "{}: '{}' cannot be a provider's name; use a-z, 0-9, '.', '_' and '-', at most 40", origin, name);
  auto found = std::ranges::find(all, name, &Provider::name);
  if (found == all.end()) {
    Provider made{.name = name};
    made.features = kUsualFeatures;
    made.origin = origin;
    found = all.insert(all.end(), std::move(made));
  }
  entry = &*found;
  return {};
}

}  // namespace

Result<void> ProviderTable::add(std::string_view toml, std::string_view source) {
  ZUBR_TRY(values, core::parse_toml(toml, source));
  std::vector<Provider> next = providers_;
  std::vector<std::string> touched;
  // Addresses first, wherever they stand: a new one forgets what was known of the old one's privacy.
  std::ranges::stable_partition(
      values, [](const TomlValue& value) { return value.path.size() == 3 && value.path[2] == "base_url"; });
  for (const TomlValue& value : values) {
    if (value.path.front() != "providers") continue;  // settings, in config.toml
    const std::string origin = fmt::format("{}:{}", source, value.line);
    if (value.path.size() != 3)
      return fail(ErrorCode::kInvalidArgument, "{}: '{}' is no key of a provider; write [providers.NAME] above it",
                  origin, value.key());
    Provider* provider = nullptr;
    ZUBR_CHECK(entry_of(value.path[1], origin, next, provider));
    if (value.path[2] == "base_url" && provider->base_url != value.text) {
      provider->privacy = {};
      provider->origin = origin;
    }
    ZUBR_CHECK(read_key(value, source, *provider));
    touched.push_back(provider->name);
  }
  for (Provider& provider : next) {
    if (std::ranges::find(touched, provider.name) == touched.end()) continue;
    if (provider.display.empty()) provider.display = provider.name;
    if (provider.key_variable.empty()) provider.needs_key = false;
    ZUBR_CHECK(check(provider));
  }
  std::ranges::sort(next, {}, &Provider::name);
  providers_ = std::move(next);
  return {};
}

Result<void> ProviderTable::add_config(const std::filesystem::path& config_file) {
  auto text = core::read_text_file(config_file, 16u << 20);
  if (!text && text.error().code() == ErrorCode::kNotFound) return {};
  if (!text) return fail(std::move(text).error());
  return add(*text, config_file.string());
}

Result<ProviderTable> ProviderTable::built_in() {
  ProviderTable table;
#ifdef ZUBR_PROVIDERS_TABLE
  const std::string_view text(zubr_providers_begin,
                              static_cast<std::size_t>(zubr_providers_end - zubr_providers_begin));
  if (auto added = table.add(text, "built in"); !added)
    return fail(ErrorCode::kInternal, "the providers that ship are broken: {}", added.error().message());
#endif
  return table;
}

const Provider* ProviderTable::find(std::string_view name) const {
  for (const Provider& provider : providers_)
    if (provider.name == name) return &provider;
  for (const Provider& provider : providers_)
    if (std::ranges::find(provider.also, name) != provider.also.end()) return &provider;
  return nullptr;
}

}  // namespace zubr::providers
