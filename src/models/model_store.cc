#include "models/model_store.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "core/file_lock.h"
#include "core/nearest.h"
#include "core/text_file.h"
#include "core/toml.h"

namespace zubr::models {
namespace {

constexpr std::size_t kMaxName = 100;
constexpr std::size_t kMaxRecipeBytes = 1 << 20;
constexpr std::size_t kMaxEntryBytes = 8 << 20;  // a control character takes six
constexpr std::string_view kSuffix = ".toml";

// ':' cannot be in a file name everywhere.
std::string file_stem(std::string_view name) {
  std::string stem;
  for (const char c : name) stem += c == ':' ? std::string("%3a") : std::string(1, c);
  return stem;
}

std::string entry_text(const ModelEntry& entry, const std::string& recipe) {
  using core::toml_quote;
  std::string text = fmt::format(
      "# A model that zubr knows by name; made by zubr.\n"
      "name = {}\nfile = {}\nbytes = {}\narchitecture = {}\nparameters = {}\nquantization = {}\ncontext_tokens = {}\n",
      toml_quote(entry.name), toml_quote(entry.file.string()), entry.facts.bytes, toml_quote(entry.facts.architecture),
      entry.facts.parameters, toml_quote(entry.facts.quantization), entry.facts.context_tokens);
  if (!entry.projector.empty()) text += fmt::format("projector = {}\n", toml_quote(entry.projector.string()));
  if (!recipe.empty()) text += fmt::format("modelfile = {}\n", toml_quote(recipe));
  return text;
}

template <typename Integer>
void read_integer(const std::string& text, Integer& out) {
  std::from_chars(text.data(), text.data() + text.size(), out);
}

Result<ModelEntry> read_entry(const std::filesystem::path& file) {
  ZUBR_TRY(text, core::read_text_file(file, kMaxEntryBytes));
  ZUBR_TRY(values, core::parse_toml(text, file.string()));
  ModelEntry entry;
  for (const core::TomlValue& value : values) {
    const std::string key = value.key();
    if (key == "name") entry.name = value.text;
    if (key == "file") entry.file = value.text;
    if (key == "bytes") read_integer(value.text, entry.facts.bytes);
    if (key == "architecture") entry.facts.architecture = value.text;
    if (key == "parameters") read_integer(value.text, entry.facts.parameters);
    if (key == "quantization") entry.facts.quantization = value.text;
    if (key == "context_tokens") read_integer(value.text, entry.facts.context_tokens);
    if (key == "projector") entry.projector = value.text;
    if (key == "modelfile") {
      auto recipe = parse_modelfile(value.text);
      if (!recipe) return fail(ErrorCode::kCorrupt, "{}: {}", file.string(), recipe.error().message());
      entry.recipe = std::move(*recipe);
    }
  }
  if (!check_model_name(entry.name) || entry.file.empty() || file.stem() != file_stem(entry.name))
    return fail(ErrorCode::kCorrupt, "{} is not an entry that zubr wrote; remove it or add the model again",
                file.string());
  std::error_code ignored;
  entry.missing = !std::filesystem::is_regular_file(entry.file, ignored);
  return entry;
}

bool is_path(std::string_view text) { return text.find('/') != std::string_view::npos || text.ends_with(".gguf"); }

}  // namespace

Result<void> check_model_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const auto allowed = [&](char c) { return plain(c) || c == '.' || c == '_' || c == ':' || c == '-'; };
  if (!name.empty() && name.size() <= kMaxName && plain(name.front()) && std::ranges::all_of(name, allowed)) return {};
  return fail(ErrorCode::kInvalidArgument,
              "'{}' cannot be a model's name; use up to {} of a-z 0-9 . _ : - and begin with a letter or digit", name,
              kMaxName);
}

std::filesystem::path ModelStore::entry_file(std::string_view name) const {
  return folder_ / (file_stem(name) + std::string(kSuffix));
}

Result<ModelEntry> ModelStore::shipped_entry() const {
  ZUBR_TRY(file, shipped_->file());
  ZUBR_TRY(facts, inspect_model_file(file));
  return ModelEntry{shipped_->name, std::move(file), std::move(facts), false, true, {}, {}};
}

Result<ModelEntry> ModelStore::add(const NewModel& model, bool replace) const {
  ZUBR_CHECK(check_model_name(model.name));
  if (is_shipped(model.name))
    return fail(ErrorCode::kAlreadyExists, "'{}' is the model inside zubr; choose another name", model.name);
  ZUBR_TRY(facts, inspect_model_file(model.file));
  if (!model.projector.empty()) ZUBR_CHECK(inspect_model_file(model.projector));
  std::error_code error, projector_error;
  ModelEntry entry{model.name,  std::filesystem::canonical(model.file, error), std::move(facts), false, false, {},
                   model.recipe};
  entry.recipe.from.clear();
  if (!model.projector.empty()) entry.projector = std::filesystem::canonical(model.projector, projector_error);
  if (error || projector_error) return fail(ErrorCode::kNotFound, "there is no file {}", model.file.string());
  ZUBR_TRY(recipe, modelfile_text(entry.recipe));
  if (recipe.size() > kMaxRecipeBytes)
    return fail(ErrorCode::kTooLarge, "the Modelfile of '{}' has {} bytes; at most {} are kept", model.name,
                recipe.size(), kMaxRecipeBytes);
  ZUBR_TRY(lock, core::FileLock::acquire(folder_ / ".lock"));
  if (!replace && std::filesystem::exists(entry_file(model.name), error)) {
    const auto known = read_entry(entry_file(model.name));
    return fail(ErrorCode::kAlreadyExists, "there is a model '{}' already ({}); choose another name or add --replace",
                model.name, known ? known->file.string() : entry_file(model.name).string());
  }
  ZUBR_CHECK(core::write_text_file(entry_file(model.name), entry_text(entry, recipe)));
  return entry;
}

Result<ModelEntry> ModelStore::remove(std::string_view name) const {
  if (is_shipped(name))
    return fail(ErrorCode::kInvalidArgument, "'{}' is the model inside zubr; it cannot be removed", name);
  ZUBR_TRY(entry, find(name));
  ZUBR_TRY(lock, core::FileLock::acquire(folder_ / ".lock"));
  std::error_code error;
  if (!std::filesystem::remove(entry_file(name), error)) return not_found(name);
  return entry;
}

Result<std::vector<ModelEntry>> ModelStore::list() const {
  std::vector<ModelEntry> entries;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() != kSuffix) continue;
    auto entry = read_entry(at->path());
    if (!entry && entry.error().code() == ErrorCode::kNotFound) continue;  // removed meanwhile
    if (!entry) return fail(std::move(entry).error());
    entries.push_back(std::move(*entry));
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return fail(ErrorCode::kIo, "cannot read the folder {}: {}", folder_.string(), error.message());
  std::ranges::sort(entries, {}, &ModelEntry::name);
  if (shipped_) {
    ZUBR_TRY(entry, shipped_entry());
    entries.insert(entries.begin(), std::move(entry));
  }
  return entries;
}

Result<ModelEntry> ModelStore::find(std::string_view name) const {
  if (is_shipped(name)) return shipped_entry();
  ZUBR_CHECK(check_model_name(name));
  auto entry = read_entry(entry_file(name));
  if (!entry && entry.error().code() == ErrorCode::kNotFound) return not_found(name);
  return entry;
}

tl::unexpected<Error> ModelStore::not_found(std::string_view name) const {
  const auto entries = list();
  std::vector<std::string> names;
  if (entries)
    for (const ModelEntry& entry : *entries) names.push_back(entry.name);
  if (names.empty())
    return fail(ErrorCode::kNotFound,
                "model '{}' is not here, nor is any other; give the path of a GGUF file, or run: zubr models add FILE "
                "--name {}",
                name, name);
  const std::string all = fmt::format("{}", fmt::join(names, ", "));
  if (const auto near = core::nearest(name, names))
    return fail(ErrorCode::kNotFound,
                "model '{}' is not here; did you mean '{}'? Here are: {}. To add one: zubr models add FILE --name NAME",
                name, *near, all);
  return fail(ErrorCode::kNotFound,
              "model '{}' is not here; here are: {}. To add one: zubr models add FILE --name NAME", name, all);
}

Result<ResolvedModel> ModelStore::resolve(std::string_view name_or_path) const {
  if (is_path(name_or_path)) {
    const std::filesystem::path file(name_or_path);
    std::error_code error;
    if (!std::filesystem::exists(file, error))
      return fail(ErrorCode::kNotFound, "there is no model file {}; models that have a name: zubr models list",
                  file.string());
    if (std::filesystem::is_directory(file, error))
      return fail(ErrorCode::kInvalidArgument, "{} is a folder; name the GGUF file in it", file.string());
    return ResolvedModel{file, file.stem().string(), {}, {}};
  }
  ZUBR_TRY(entry, find(name_or_path));
  if (entry.missing)
    return fail(ErrorCode::kNotFound, "the file of model '{}' is gone: {}; put it back, or run: zubr models rm {}",
                entry.name, entry.file.string(), entry.name);
  return ResolvedModel{entry.file, entry.name, entry.projector, std::move(entry.recipe)};
}

}  // namespace zubr::models
