#include "catalog/catalog.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <numeric>

#include "catalog/facts_text.h"
#include "catalog/search.h"
#include "catalog/snapshot.h"
#include "core/temp_dir.h"

namespace zubr::catalog {
namespace {

Catalog empty() {
  auto catalog = Catalog::in_memory();
  EXPECT_TRUE(catalog) << catalog.error().message();
  return std::move(*catalog);
}

ModelFact fact(const std::string& source, const std::string& name, std::vector<Address> also = {}) {
  ModelFact made;
  made.address = {source, name};
  made.also = std::move(also);
  made.name = name;
  return made;
}

Offer offer(const std::string& provider, std::int64_t input, std::int64_t output) {
  return {.provider = provider, .input = PicoDollars{input}, .output = PicoDollars{output}};
}

MergeReport merge(Catalog& catalog, std::vector<ModelFact> facts, const std::string& source = "hf",
                  const std::string& day = "2026-05-01") {
  const auto report = catalog.merge({.models = std::move(facts)}, {.name = source, .date = day});
  EXPECT_TRUE(report) << report.error().message();
  return report ? *report : MergeReport{};
}

std::int64_t id(Catalog& catalog, const std::string& name) {
  const auto found = catalog.resolve(name);
  EXPECT_TRUE(found) << name << ": " << found.error().message();
  return found.value_or(-1);
}

// Which addresses share a model.
std::map<std::int64_t, std::set<std::string>> partition(Catalog& catalog) {
  std::map<std::int64_t, std::set<std::string>> models;
  auto query = catalog.database().prepare("SELECT model, source || ' ' || name FROM listing");
  while (query->step().value()) models[query->integer(0)].insert(query->text(1));
  return models;
}

std::set<std::set<std::string>> groups(Catalog& catalog) {
  std::set<std::set<std::string>> all;
  for (const auto& [model, names] : partition(catalog)) all.insert(names);
  return all;
}

std::vector<ModelFact> mixed_facts() {
  std::vector<ModelFact> facts;
  for (const char* name : {"meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Llama-3.1-8B", "openai/gpt-oss-20b",
                           "stranger/Llama-3.1-8B-Instruct", "mistralai/Mistral-7B-Instruct-v0.3"})
    facts.push_back(fact("hf", name));
  facts.push_back(fact("hf", "someone/Llama_3.1-8B-Instruct-GGUF"));
  facts.back().base = "meta-llama/Llama-3.1-8B-Instruct";
  facts.back().relation = BaseRelation::kQuantized;
  facts.push_back(fact("openrouter", "mistralai/mistral-7b-instruct", {{"hf", "mistralai/Mistral-7B-Instruct-v0.3"}}));
  facts.push_back(
      fact("openrouter", "meta-llama/llama-3.1-8b-instruct", {{"hf", "meta-llama/Meta-Llama-3.1-8B-Instruct"}}));
  facts.push_back(fact("ollama", "llama3.1:8b", {{"ollama", "llama3.1:latest"}}));
  facts.push_back(fact("ollama", "mistral:7b"));
  facts.push_back(fact("facts", "m7", {{"hf", "mistralai/Mistral-7B-Instruct-v0.3"}, {"name", "mistral-7b-instruct"}}));
  facts.push_back(fact("lmarena", "gpt-oss-20b@x", {{"name", "gpt-oss-20b"}}));
  return facts;
}

RC_GTEST_PROP(Identity, DoesNotDependOnTheOrderOfFacts, ()) {
  std::vector<ModelFact> facts = mixed_facts();
  Catalog in_order = empty();
  merge(in_order, facts);
  const auto seed = *rc::gen::arbitrary<std::vector<unsigned>>();
  for (std::size_t i = 0; i < facts.size() && !seed.empty(); ++i)
    std::swap(facts[i], facts[i + seed[i % seed.size()] % (facts.size() - i)]);
  Catalog shuffled = empty();
  const auto half = facts.begin() + static_cast<std::ptrdiff_t>(facts.size() / 2);
  merge(shuffled, {facts.begin(), half});
  merge(shuffled, {half, facts.end()});
  RC_ASSERT(groups(shuffled) == groups(in_order));
}

TEST(Identity, JoinsAddressesOfOneModelAndKeepsOthersApart) {
  Catalog catalog = empty();
  merge(catalog, mixed_facts());
  const std::int64_t llama = id(catalog, "meta-llama/Llama-3.1-8B-Instruct");
  for (const char* name :
       {"llama3.1:8b", "llama3.1", "meta-llama/llama-3.1-8b-instruct", "someone/Llama_3.1-8B-Instruct-GGUF",
        "hf.co/meta-llama/Llama-3.1-8B-Instruct", "Llama 3.1 8B Instruct"})
    EXPECT_EQ(id(catalog, name), llama) << name;
  EXPECT_NE(id(catalog, "meta-llama/Llama-3.1-8B"), llama);
  EXPECT_NE(id(catalog, "stranger/Llama-3.1-8B-Instruct"), llama);
  EXPECT_EQ(id(catalog, "mistral:7b"), id(catalog, "mistralai/Mistral-7B-Instruct-v0.3"));
}

TEST(Identity, DoesNotBelieveThatAnEightIsASeventy) {
  Catalog catalog = empty();
  merge(catalog, {fact("hf", "meta-llama/Llama-3.1-70B-Instruct"),
                  fact("openrouter", "x/llama-3.1-8b", {{"hf", "meta-llama/Llama-3.1-70B-Instruct"}})});
  EXPECT_EQ(groups(catalog).size(), 2u);
}

TEST(Merge, IsWithoutEffectTheSecondTime) {
  Catalog catalog = empty();
  const MergeReport first = merge(catalog, mixed_facts());
  EXPECT_EQ(first.added, static_cast<std::int64_t>(mixed_facts().size()));
  const MergeReport second = merge(catalog, mixed_facts());
  EXPECT_EQ(second.added, 0);
  EXPECT_EQ(second.changed, 0);
  EXPECT_EQ(second.unchanged, first.added);
}

TEST(Merge, KeepsPricesAsHistory) {
  Catalog catalog = empty();
  ModelFact model = fact("openrouter", "a/llama-3.1-8b-instruct");
  model.offers = {offer("p", 100'000, 200'000)};
  EXPECT_EQ(merge(catalog, {model}, "openrouter", "2026-05-01").price_change_count, 0);
  model.offers = {offer("p", 90'000, 200'000), offer("q", 1, 2)};
  const MergeReport report = merge(catalog, {model}, "openrouter", "2026-06-01");
  ASSERT_EQ(report.price_change_count, 1);
  EXPECT_EQ(report.price_changes[0].old_input, PicoDollars{100'000});
  EXPECT_EQ(report.price_changes[0].new_input, PicoDollars{90'000});
  const auto card = catalog.card(id(catalog, "a/llama-3.1-8b-instruct"));
  ASSERT_TRUE(card) << card.error().message();
  EXPECT_EQ(card->history.size(), 3u);
  EXPECT_EQ(card->history.front().day, "2026-06-01");
  EXPECT_EQ(card->offers.front().offer.provider, "q");
  EXPECT_EQ(card->record.input, PicoDollars{1});
}

TEST(Merge, TakesAPriceThatIsNotKnownForUnknownAndFreeForFree) {
  Catalog catalog = empty();
  ModelFact unknown = fact("models.dev", "a/some-model-1");
  unknown.offers = {{.provider = "p"}};
  ModelFact free = fact("models.dev", "b/other-model-2");
  free.offers = {offer("p", 0, 0)};
  merge(catalog, {unknown, free});
  const auto first = catalog.card(id(catalog, "a/some-model-1"));
  EXPECT_EQ(first->record.input, std::nullopt);
  EXPECT_FALSE(first->record.free);
  const auto second = catalog.card(id(catalog, "b/other-model-2"));
  EXPECT_EQ(second->record.input, std::nullopt);
  EXPECT_TRUE(second->record.free);
}

TEST(Round, LetsGoWhatTheSourceNoLongerLists) {
  Catalog catalog = empty();
  const SourceInfo source{.name = "openrouter", .date = "2026-06-01"};
  ModelFact stays = fact("openrouter", "a/one-1"), goes = fact("openrouter", "a/two-2");
  goes.offers = {offer("p", 1, 1)};
  merge(catalog, {stays, goes}, "openrouter");
  ASSERT_EQ(catalog.begin_round(source).value(), "");
  merge(catalog, {stays}, "openrouter", source.date);
  ASSERT_TRUE(catalog.keep_position("openrouter", "page 2"));
  EXPECT_EQ(catalog.begin_round(source).value(), "page 2");
  const auto report = catalog.end_round(source);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->gone_names, std::vector<std::string>{"a/two-2"});
  EXPECT_TRUE(catalog.card(id(catalog, "a/two-2"))->offers.empty());
  EXPECT_EQ(catalog.source_state("openrouter")->day, "2026-06-01");
  EXPECT_EQ(merge(catalog, {goes}, "openrouter", "2026-06-02").changed, 1);
  EXPECT_EQ(catalog.card(id(catalog, "a/two-2"))->offers.size(), 1u);
}

TEST(Resolve, ListsTheChoicesOfAnAmbiguousName) {
  Catalog catalog = empty();
  merge(catalog, mixed_facts());
  const auto found = catalog.resolve("llama");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(found.error().message().find("meta-llama/Llama-3.1-8B-Instruct"), std::string::npos);
  EXPECT_NE(found.error().message().find("stranger/"), std::string::npos);
}

TEST(Resolve, SaysWhatIsNearToAWrongName) {
  Catalog catalog = empty();
  merge(catalog, mixed_facts());
  const auto found = catalog.resolve("openai/gtp-oss-20b");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(found.error().message().find("did you mean openai/gpt-oss-20b"), std::string::npos)
      << found.error().message();
}

TEST(Card, PointsFromAFineTuneToItsBase) {
  Catalog catalog = empty();
  ModelFact tuned = fact("hf", "someone/Tuned-8B");
  tuned.base = "meta-llama/Llama-3.1-8B-Instruct";
  tuned.relation = BaseRelation::kFinetune;
  auto facts = mixed_facts();
  facts.push_back(tuned);
  merge(catalog, facts);
  const auto base = catalog.card(id(catalog, "llama3.1:8b"));
  EXPECT_EQ(base->derived, std::vector<std::string>{"someone/Tuned-8B"});
  EXPECT_EQ(catalog.card(id(catalog, "someone/Tuned-8B"))->record.base, "meta-llama/Llama-3.1-8B-Instruct");
}

RC_GTEST_PROP(FactLine, GivesTheFactBack, (std::string name, std::int64_t number)) {
  ModelFact before = fact("hf", "x" + name);
  // What comes from outside has no control characters (sources/json_fields.h).
  std::erase_if(before.address.name, [](unsigned char c) { return c >= 0x7f || c < ' '; });
  before.name = before.address.name;
  before.parameters = number % 1'000'000'000'000'000;
  if (*before.parameters < 0) before.parameters.reset();
  before.offers = {offer("p", 280'000, 1)};
  before.offers[0].latency_ms = 12.5;
  before.files = {{"f", "Q4_0", 17}};
  before.scores = {{"b", 0.1, "2026-01-01"}};
  before.also = {{"name", "y"}};
  const auto after = parse_model_fact(fact_line(before));
  RC_ASSERT(after.has_value());
  RC_ASSERT(fact_line(*after) == fact_line(before));
  RC_ASSERT(after->parameters == before.parameters);
  RC_ASSERT(after->files == before.files);
  RC_ASSERT(after->scores == before.scores);
}

}  // namespace
}  // namespace zubr::catalog
