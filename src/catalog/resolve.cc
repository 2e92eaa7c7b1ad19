// Catalog::resolve(): which model a person means.
#include <optional>
#include <set>

#include "catalog/catalog.h"
#include "catalog/families.h"
#include "catalog/model_name.h"
#include "catalog/search.h"
#include "core/nearest.h"

namespace zubr::catalog {
namespace {

constexpr int kMaxChoices = 12;
constexpr int kNamesToCompare = 5000;

// Names as people paste them: with the address of the page, or "hf.co/".
std::string_view without_site(std::string_view name) {
  for (const std::string_view site : {"https://", "http://", "www.", "hf.co/", "huggingface.co/", "openrouter.ai/",
                                      "ollama.com/library/", "ollama.com/"})
    if (name.starts_with(site)) name.remove_prefix(site.size());
  while (name.ends_with('/')) name.remove_suffix(1);
  return name;
}

Result<std::set<std::int64_t>> models_where(storage::Database& database, std::string_view sql,
                                            const std::vector<std::string>& values) {
  std::set<std::int64_t> models;
  ZUBR_TRY(query, database.prepare(sql));
  for (const std::string& value : values) {
    query.bind(1, value);
    for (;;) {
      ZUBR_TRY(more, query.step());
      if (!more) break;
      models.insert(query.integer(0));
    }
  }
  return models;
}

// Every word asked for is in the model's name, not only in its tags.
bool is_named(const ModelRecord& record, const std::string& name) {
  const std::string words = " " + search_words(record.address.name + " " + record.name);
  const std::string asked = search_words(name);
  for (std::size_t at = 0; at < asked.size();) {
    const std::size_t end = std::min(asked.find(' ', at), asked.size());
    if (words.find(" " + asked.substr(at, end - at)) == std::string::npos) return false;
    at = end + 1;
  }
  return true;
}

Result<std::string> address_of(storage::Database& database, std::int64_t model) {
  ZUBR_TRY(query, database.prepare("SELECT address FROM model WHERE id = ?"));
  query.bind(1, model);
  ZUBR_TRY(found, query.step());
  return found ? query.text(0) : std::string();
}

// "whisper large" is OpenAI's, though somebody else serves a model of exactly that name: a name that begins as a family
// does, without an author, means a model of who owns the family.
bool is_strangers(std::string_view name, std::string_view address) {
  const std::string words = search_words(std::string(name));
  const Family* family = find_family(std::string_view(words).substr(0, words.find(' ')));
  const auto slash = address.find('/');
  return family && name.find('/') == std::string_view::npos && slash != std::string_view::npos &&
         !owns(*family, address.substr(0, slash));
}

Result<Error> ambiguous(storage::Database& database, std::string_view name, const std::set<std::int64_t>& models) {
  std::vector<std::string> choices;
  ZUBR_TRY(query, database.prepare("SELECT address FROM model WHERE id = ?"));
  for (const std::int64_t model : models) {
    query.bind(1, model);
    ZUBR_TRY(found, query.step());
    if (found) choices.push_back(query.text(0));
    query.reset();
  }
  return Error(ErrorCode::kInvalidArgument,
               message("'{}' may be any of these models: {}; name one", name, fmt::join(choices, ", ")));
}

Result<Error> unknown(storage::Database& database, std::string_view name) {
  std::vector<std::string> names;
  ZUBR_TRY(query,
           database.prepare(fmt::format("SELECT address FROM model ORDER BY weight DESC LIMIT {}", kNamesToCompare)));
  for (;;) {
    ZUBR_TRY(more, query.step());
    if (!more) break;
    names.push_back(query.text(0));
  }
  const auto near = core::nearest(name, names);
  if (near) return Error(ErrorCode::kNotFound, message("the catalog has no model '{}'; did you mean {}?", name, *near));
  return Error(ErrorCode::kNotFound,
               message("the catalog has no model '{}'; look for it with: zubr search TEXT", name));
}

}  // namespace

Result<std::int64_t> Catalog::resolve(std::string_view text) {
  const std::string name(without_site(text));
  if (name.empty()) return fail(ErrorCode::kInvalidArgument, "a model's name is empty; an example: llama3.1:8b");
  ZUBR_TRY(by_address, models_where(database_, "SELECT model FROM address WHERE name = ?", {name, name + ":latest"}));
  if (by_address.size() == 1) return *by_address.begin();
  std::optional<std::int64_t> strangers;  // the one of exactly that name, of somebody else
  if (by_address.empty()) {
    ZUBR_TRY(by_file, models_where(database_,
                                   "SELECT listing.model FROM file JOIN listing ON listing.id = file.listing "
                                   "WHERE file.name = ?",
                                   {std::string(name), "hf.co/" + name}));
    if (by_file.size() == 1) return *by_file.begin();
    const std::string key = name_key({"name", name});
    const std::string exact = name_key({"hf", name});
    for (const auto& keys : {std::vector{key}, std::vector{exact}, std::vector{key + "+base"}}) {
      ZUBR_TRY(by_key, models_where(database_, "SELECT model FROM name_key WHERE name = ?", keys));
      if (by_key.size() != 1) continue;
      ZUBR_TRY(address, address_of(database_, *by_key.begin()));
      if (!is_strangers(name, address)) return *by_key.begin();
      strangers = *by_key.begin();
      break;
    }
    Query query{.text = name, .limit = kMaxChoices};
    ZUBR_TRY(page, search(*this, query));
    if (page.records.size() == 1 && is_named(page.records.front(), name)) return page.records.front().id;
    for (const ModelRecord& record : page.records)
      if (is_named(record, name) && !(strangers && is_strangers(name, record.address.name)))
        by_address.insert(record.id);
    if (strangers && by_address.empty()) return *strangers;
    if (strangers && by_address.size() == 1) return *by_address.begin();
  }
  if (by_address.empty()) {
    ZUBR_TRY(error, unknown(database_, name));
    return fail(std::move(error));
  }
  ZUBR_TRY(error, ambiguous(database_, name, by_address));
  return fail(std::move(error));
}

}  // namespace zubr::catalog
