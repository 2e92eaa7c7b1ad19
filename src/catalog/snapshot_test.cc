// The snapshot that ships, and what a user finds in it before anything was fetched.
#include "catalog/snapshot.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "catalog/search.h"

namespace zubr::catalog {
namespace {

class ShippedCatalog : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto catalog = Catalog::in_memory();
    ASSERT_TRUE(catalog);
    const auto added = add_snapshot(*catalog, built_in_snapshot());
    ASSERT_TRUE(added) << added.error().message();
    ASSERT_TRUE(*added);
    catalog_ = std::make_unique<Catalog>(std::move(*catalog));
  }
  static void TearDownTestSuite() { catalog_.reset(); }

  static ModelCard card(const std::string& name) {
    const auto id = catalog_->resolve(name);
    EXPECT_TRUE(id) << name << ": " << id.error().message();
    if (!id) return {};
    auto found = catalog_->card(*id);
    EXPECT_TRUE(found);
    return *found;
  }
  static void expect_one_model(const std::vector<std::string>& names) {
    std::set<std::int64_t> models;
    for (const std::string& name : names) models.insert(card(name).record.id);
    EXPECT_EQ(models.size(), 1u) << names.front();
  }

  static std::unique_ptr<Catalog> catalog_;
};
std::unique_ptr<Catalog> ShippedCatalog::catalog_;

TEST_F(ShippedCatalog, IsSmallAndHasThousandsOfModels) {
  EXPECT_LT(built_in_snapshot().size(), 2'000'000u);
  EXPECT_GT(catalog_->model_count().value(), 3000);
  EXPECT_FALSE(add_snapshot(*catalog_, built_in_snapshot()).value());
}

TEST_F(ShippedCatalog, KnowsLlama31UnderAllItsNames) {
  for (const std::string size : {"8b", "70b", "405b"}) {
    SCOPED_TRACE(size);
    expect_one_model({"meta-llama/Llama-3.1-" + size + "-Instruct", "llama3.1:" + size, "llama 3.1 " + size,
                      "meta-llama/Meta-Llama-3.1-" + size + "-Instruct", "Meta-Llama-3.1-" + size + "-Instruct"});
    const ModelCard llama = card("llama3.1:" + size);
    EXPECT_EQ(llama.record.open, true);
    EXPECT_EQ(llama.record.license, "llama3.1");
    EXPECT_EQ(llama.record.context, 131072);
    EXPECT_GT(llama.offers.size(), 2u);
    EXPECT_GT(llama.files.size(), 5u);
    EXPECT_TRUE(llama.record.score);
    EXPECT_EQ(llama.record.address.source, "hf");
  }
  EXPECT_EQ(card("llama3.1:8b").record.base, "meta-llama/Llama-3.1-8B");
  EXPECT_NE(card("meta-llama/Llama-3.1-8B").record.id, card("llama3.1:8b").record.id);
}

TEST_F(ShippedCatalog, TakesNoOtherModelForASizeThatIsNotThere) {
  const auto none = catalog_->resolve("llama3.1:9b");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), ErrorCode::kNotFound);
}

TEST_F(ShippedCatalog, KnowsThatLlama32Sees) {
  expect_one_model({"meta-llama/Llama-3.2-11B-Vision-Instruct", "llama3.2-vision:11b"});
  const ModelCard model = card("llama3.2-vision:11b");
  EXPECT_TRUE((model.record.inputs & kImage) != 0);
  EXPECT_NE(model.record.id, card("llama3.2:3b").record.id);
}

TEST_F(ShippedCatalog, KeepsGemmaApartFromPaidGemini) {
  expect_one_model({"google/gemma-3-27b-it", "gemma3:27b"});
  EXPECT_EQ(card("gemma3:27b").record.open, true);
  const ModelCard gemini = card("google/gemini-2.5-pro");
  EXPECT_EQ(gemini.record.open, false);
  EXPECT_TRUE(gemini.record.input && gemini.record.input->count > 0);
  EXPECT_TRUE(gemini.record.score);
}

TEST_F(ShippedCatalog, KnowsMistralAndMixtral) {
  expect_one_model({"mistralai/Mistral-7B-Instruct-v0.3", "mistral:7b", "mistral 7b instruct"});
  EXPECT_NE(card("mistralai/Mistral-7B-Instruct-v0.2").record.id, card("mistral:7b").record.id);
  expect_one_model({"mistralai/Mixtral-8x7B-Instruct-v0.1", "mixtral:8x7b", "mixtral 8x7b"});
  const ModelCard mixtral = card("mixtral:8x7b");
  EXPECT_EQ(mixtral.record.parameters, 46'702'792'704);
  EXPECT_EQ(mixtral.record.license, "apache-2.0");
  EXPECT_TRUE(mixtral.record.score);
}

TEST_F(ShippedCatalog, KnowsPolishModels) {
  expect_one_model({"speakleash/Bielik-11B-v2.3-Instruct", "SpeakLeash/bielik-11b-v2.3-instruct:Q4_K_M"});
  EXPECT_EQ(card("speakleash/Bielik-11B-v2.3-Instruct").record.languages, std::vector<std::string>{"pl"});
  EXPECT_EQ(card("CYFRAGOVPL/PLLuM-12B-instruct").record.license, "apache-2.0");
  const auto polish = search(*catalog_, {.text = "pllum", .language = "pl"});
  ASSERT_TRUE(polish);
  EXPECT_GE(polish->records.size(), 3u);
  const auto choices = catalog_->resolve("bielik 11b");
  ASSERT_FALSE(choices);
  EXPECT_NE(choices.error().message().find("speakleash/Bielik-11B-v2.3-Instruct"), std::string::npos)
      << choices.error().message();
}

// Deepgram serves a model that is called exactly so.
TEST_F(ShippedCatalog, TakesAFamilysNameForItsOwnersModels) {
  const auto choices = catalog_->resolve("whisper large");
  ASSERT_FALSE(choices);
  EXPECT_NE(choices.error().message().find("openai/whisper-large-v3"), std::string::npos) << choices.error().message();
  EXPECT_EQ(choices.error().message().find("deepgram"), std::string::npos) << choices.error().message();
  EXPECT_TRUE(catalog_->resolve("deepgram/whisper-large"));
}

TEST_F(ShippedCatalog, KnowsModelsOfSoundAndImages) {
  EXPECT_EQ(card("openai/whisper-large-v3").record.task, "automatic-speech-recognition");
  EXPECT_NE(card("openai/whisper-large-v3").record.id, card("openai/whisper-large-v3-turbo").record.id);
  EXPECT_EQ(card("black-forest-labs/FLUX.1-dev").record.task, "text-to-image");
  EXPECT_EQ(card("black-forest-labs/FLUX.1-schnell").record.license, "apache-2.0");
  expect_one_model({"apple/DepthPro", "apple/DepthPro-hf", "depth pro"});
  EXPECT_EQ(card("depth pro").record.task, "depth-estimation");
}

TEST_F(ShippedCatalog, HasNoModelOfTwoSizes) {
  // A wrong join would show here first: Hugging Face originals of different sizes in one model.
  auto query = catalog_->database().prepare(
      "SELECT group_concat(name, ' ') FROM listing WHERE source = 'ollama' GROUP BY model HAVING count(*) > 1");
  while (query->step().value()) {
    const std::string names = query->text(0);
    const bool two = names.find(":8b") != std::string::npos && names.find(":70b") != std::string::npos;
    EXPECT_FALSE(two) << names;
  }
}

TEST_F(ShippedCatalog, AnswersEveryFilter) {
  const auto count = [](const Query& query) {
    const auto page = search(*catalog_, query);
    EXPECT_TRUE(page) << page.error().message();
    return page ? page->records.size() : 0;
  };
  EXPECT_GT(count({.text = "llama"}), 10u);
  EXPECT_GT(count({.task = "text-to-image"}), 5u);
  EXPECT_GT(count({.license = "permissive"}), 10u);
  EXPECT_GT(count({.modalities = kImage}), 10u);
  EXPECT_GT(count({.min_parameters = 7'000'000'000, .max_parameters = 13'000'000'000}), 10u);
  EXPECT_GT(count({.min_context = 1'000'000}), 5u);
  EXPECT_GT(count({.open = false}), 10u);
  EXPECT_GT(count({.max_price = PicoDollars{100'000}}), 10u);
  EXPECT_GT(count({.fits_bytes = 8'000'000'000}), 10u);
  EXPECT_EQ(count({.text = "llama", .author = "nobody-at-all"}), 0u);
}

TEST_F(ShippedCatalog, SortsAsAsked) {
  const auto cheap = search(*catalog_, {.sort = Sort::kPrice});
  ASSERT_TRUE(cheap);
  EXPECT_TRUE(std::ranges::is_sorted(cheap->records, {}, [](const ModelRecord& record) {
    return blended(record.input.value_or(PicoDollars{}), record.output.value_or(PicoDollars{})).count;
  }));
  const auto best = search(*catalog_, {.sort = Sort::kScore});
  EXPECT_TRUE(std::ranges::is_sorted(best->records, std::greater<>(), [](const ModelRecord& r) { return *r.score; }));
  const auto used = search(*catalog_, {.sort = Sort::kDownloads});
  EXPECT_TRUE(
      std::ranges::is_sorted(used->records, std::greater<>(), [](const ModelRecord& r) { return *r.downloads; }));
}

TEST_F(ShippedCatalog, SetsOpenAndPaidModelsSideBySide) {
  const auto board = leaderboard(*catalog_, "lmarena-text", std::nullopt, 300);
  ASSERT_TRUE(board) << board.error().message();
  const auto open = [](const BoardRow& row) { return row.record.open == true; };
  EXPECT_GT(std::ranges::count_if(*board, open), 20);
  EXPECT_GT(std::ranges::count_if(*board, [&](const BoardRow& row) { return row.record.open == false; }), 20);
  EXPECT_TRUE(std::ranges::is_sorted(*board, std::greater<>(), &BoardRow::value));
  const auto only = leaderboard(*catalog_, "lmarena-text", true, 300);
  EXPECT_TRUE(std::ranges::all_of(*only, open));
  const auto none = leaderboard(*catalog_, "nonsense", std::nullopt, 10);
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message().find("lmarena-text"), std::string::npos);
}

TEST_F(ShippedCatalog, FindsDataSets) {
  const auto found = find_datasets(*catalog_, {.text = "reasoning"});
  ASSERT_TRUE(found);
  EXPECT_GT(found->size(), 3u);
}

TEST(Snapshot, IsRefusedWhenItIsDamagedOrCut) {
  const std::string_view bytes = built_in_snapshot();
  ASSERT_GT(bytes.size(), 1000u);
  EXPECT_EQ(read_snapshot(bytes.substr(0, bytes.size() / 2)).error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(read_snapshot("not zstd").error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(read_snapshot(write_snapshot({})).value().size(), 0u);
}

TEST(Snapshot, DoesNotTouchWhatWasReadSince) {
  auto catalog = Catalog::in_memory();
  const SourceInfo later{.name = "hf", .date = "2030-01-01"};
  ASSERT_TRUE(catalog->begin_round(later));
  ASSERT_TRUE(catalog->end_round(later));
  const std::string bytes =
      write_snapshot({{{.name = "hf", .date = "2026-01-01"}, {.models = {{.address = {"hf", "old/model-1"}}}}},
                      {{.name = "ollama", .date = "2026-01-01"}, {.models = {{.address = {"ollama", "new:1b"}}}}}});
  ASSERT_TRUE(add_snapshot(*catalog, bytes).value());
  EXPECT_FALSE(catalog->resolve("old/model-1"));
  EXPECT_TRUE(catalog->resolve("new:1b"));
}

}  // namespace
}  // namespace zubr::catalog
