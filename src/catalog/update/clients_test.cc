// Each source as it speaks, on a server of our own: what is asked, and what becomes of the answer.
#include <gtest/gtest.h>

#include <algorithm>

#include "catalog/search.h"
#include "catalog/testing/fixture.h"
#include "catalog/update/updater.h"

namespace zubr::catalog {
namespace {

using net::testing::FaultServer;
using net::testing::Received;
using testing::all_sources;
using testing::json_reply;

class Clients : public ::testing::Test {
 protected:
  UpdateReport update(SourceClient& source) {
    net::HttpClient client(net::HttpOptions{.proxy = "none"});
    UpdateOptions options;
    options.fetch.wait = [](auto, const auto&) {};
    Updater updater(catalog_, client, options, clock_);
    const auto report = updater.update(source, {});
    EXPECT_TRUE(report) << report.error().message();
    return report.value_or(UpdateReport{});
  }
  ModelCard card(const std::string& name) {
    const auto id = catalog_.resolve(name);
    EXPECT_TRUE(id) << id.error().message();
    return id ? catalog_.card(*id).value() : ModelCard{};
  }
  const Offer* offer(const ModelCard& card, const std::string& provider) {
    const auto found =
        std::ranges::find(card.offers, provider, [](const auto& served) { return served.offer.provider; });
    EXPECT_NE(found, card.offers.end()) << provider;
    return found == card.offers.end() ? nullptr : &found->offer;
  }

  Catalog catalog_ = Catalog::in_memory().value();
  core::FakeClock clock_;
  FaultServer server_{&all_sources};
  UpdateSites sites_ = testing::sites_at(server_.base());
};

TEST_F(Clients, HuggingFaceIsAskedWithEveryFilter) {
  HubFilter filter{.search = "bielik v2", .author = "speakleash", .task = "text-generation", .language = "pl"};
  filter.license = "apache-2.0";
  filter.tags = {"gguf"};
  filter.min_parameters = 7'000'000'000;
  filter.max_parameters = 13'000'000'000;
  filter.gated = false;
  filter.sort = "trending";
  filter.limit = 2;
  const UpdateReport report = update(*hub_models_client(sites_, filter));
  EXPECT_EQ(report.entries, 2);
  EXPECT_FALSE(report.whole);
  const std::string target = server_.requests().at(0).target;
  for (const char* part : {"/api/models?search=bielik%20v2&", "&author=speakleash&", "&pipeline_tag=text-generation&",
                           "&filter=pl&", "&filter=license%3Aapache-2.0&", "&filter=gguf&", "&gated=false&",
                           "&num_parameters=min%3A7B%2Cmax%3A13B&", "&sort=trendingScore&", "&limit=2&"})
    EXPECT_NE(target.find(part), std::string::npos) << part << " in " << target;
}

TEST_F(Clients, HuggingFaceSaysWhatModelsAreAndWhatTheyWereMadeFrom) {
  update(*hub_models_client(sites_, {}));
  const ModelCard bielik = card("speakleash/Bielik-11B-v2.3-Instruct");
  EXPECT_EQ(bielik.record.license, "apache-2.0");
  EXPECT_EQ(bielik.record.parameters, 11168796672);
  EXPECT_EQ(bielik.record.languages, std::vector<std::string>{"pl"});
  EXPECT_EQ(bielik.record.base, "speakleash/Bielik-11B-v2");
  // The GGUF repository is the same model, and says what can be pulled.
  ASSERT_EQ(bielik.files.size(), 2U);
  EXPECT_EQ(bielik.files[0].name, "hf.co/someone/Bielik-11B-v2.3-Instruct-GGUF:Q4_K_M");
  EXPECT_EQ(card("meta-llama/Llama-3.2-11B-Vision-Instruct").record.gated, true);
}

TEST_F(Clients, HuggingFaceListsDataSetsToo) {
  HubFilter filter{.task = "text-classification", .language = "pl"};
  EXPECT_EQ(update(*hub_datasets_client(sites_, filter)).merged.datasets, 2);
  const std::string target = server_.requests().at(0).target;
  EXPECT_NE(target.find("filter=task_categories%3Atext-classification&filter=language%3Apl&"), std::string::npos)
      << target;
  const auto found = find_datasets(catalog_, {.language = "pl"}).value();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].name, "allegro/klej-polemo2-in");
  // Unchanged the second time.
  EXPECT_EQ(update(*hub_datasets_client(sites_, filter)).merged.datasets, 0);
}

TEST_F(Clients, OpenRouterPricesAreExactAndItsOrderIsPopularity) {
  const UpdateReport report = update(*openrouter_client(sites_));
  EXPECT_EQ(server_.requests().at(0).target, "/or/models?sort=most-popular");
  EXPECT_EQ(report.entries, 4);
  EXPECT_TRUE(report.whole);
  const ModelCard gemini = card("google/gemini-2.5-flash");
  EXPECT_EQ(gemini.record.open, false);
  EXPECT_EQ(gemini.record.rank, 1);
  EXPECT_EQ(gemini.record.input->count, 300'000);
  EXPECT_EQ(gemini.record.output->count, 2'500'000);
  EXPECT_EQ(gemini.offers.at(0).offer.cached_input->count, 75'000);
  EXPECT_EQ(card("meta-llama/llama-3.1-8b-instruct").record.rank, 2);
  EXPECT_TRUE(card("openrouter/auto").offers.empty()) << "-1 is no price";
}

TEST_F(Clients, NobodyIsPopularWhereTheServerDoesNotKnowThatOrder) {
  const std::string newest = R"({"data":[{"id":"a/c","created":1750172488},{"id":"a/b","created":1740172488},)"
                             R"({"id":"a/a","created":1730172488}]})";
  FaultServer server([&](const Received&) { return json_reply(newest); });
  sites_.openrouter = server.base();
  update(*openrouter_client(sites_));
  EXPECT_EQ(card("a/c").record.rank, std::nullopt);
}

TEST_F(Clients, OpenRouterEndpointsSayPriceSpeedPrecisionAndWhatIsKept) {
  update(*openrouter_client(sites_));
  // Other models have no page of endpoints here: they are only left out.
  const UpdateReport report = update(*openrouter_endpoints_client(sites_, catalog_.listed("openrouter").value()));
  EXPECT_EQ(report.entries, 1);
  EXPECT_EQ(report.skipped, 3);
  const ModelCard llama = card("meta-llama/llama-3.1-8b-instruct");
  const Offer* deepinfra = offer(llama, "deepinfra");
  ASSERT_NE(deepinfra, nullptr);
  EXPECT_EQ(deepinfra->input->count, 20'000);
  EXPECT_EQ(deepinfra->latency_ms, 312);
  EXPECT_EQ(deepinfra->tokens_per_second, 61.5);
  EXPECT_EQ(deepinfra->quantization, "fp8");
  EXPECT_EQ(deepinfra->retains, false);
  const Offer* groq = offer(llama, "groq");
  ASSERT_NE(groq, nullptr);
  EXPECT_EQ(groq->quantization, "");
  EXPECT_EQ(groq->retains, std::nullopt) << "not known is not no";
}

TEST_F(Clients, TheOllamaLibraryIsReadFromItsPages) {
  const UpdateReport report = update(*ollama_client(sites_));
  EXPECT_EQ(report.skipped, 1) << "onlycloud has neither sizes nor a manifest";
  const ModelCard gemma = card("gemma3:4b");
  EXPECT_EQ(gemma.record.id, card("gemma3:latest").record.id) << "one digest is one model";
  EXPECT_NE(gemma.record.id, card("gemma3:12b").record.id);
  EXPECT_EQ(gemma.record.pulls, 39'700'000);
  EXPECT_EQ(gemma.record.context, 128'000);
  EXPECT_EQ(gemma.record.inputs, unsigned{kText | kImage});
  ASSERT_EQ(gemma.files.size(), 2U);
  EXPECT_EQ(gemma.files[0].bytes, 3'300'000'000U);
  EXPECT_EQ(gemma.files[1].quantization, "Q8_0");
  // Its page of tags says nothing, so the registry was asked.
  EXPECT_EQ(card("nomic-embed-text:latest").files.at(0).bytes, 274'290'656U);
  const auto cloud = catalog_.resolve("gemma3:27b-cloud");
  EXPECT_FALSE(cloud) << "a model of the cloud cannot be pulled";
}

TEST_F(Clients, PriceMapsAndBoardsJoinWhatIsKnown) {
  update(*openrouter_client(sites_));
  update(*litellm_client(sites_));
  update(*models_dev_client(sites_));
  EXPECT_EQ(update(*lmarena_client(sites_, "2026-01-01")).entries, 9);
  EXPECT_EQ(update(*aider_client(sites_)).entries, 6);
  EXPECT_EQ(update(*open_llm_client(sites_, "2026-01-01")).entries, 1);
  EXPECT_EQ(update(*hub_boards_client(sites_, "2026-01-01")).entries, 2);
  const ModelCard llama = card("llama-3.1-8b-instruct");
  EXPECT_EQ(offer(llama, "groq")->output->count, 80'000);
  std::map<std::string, double> scores;
  for (const NamedScore& score : llama.scores) scores[score.score.benchmark] = score.score.value;
  EXPECT_EQ(scores["lmarena-text"], 1211.2);
  EXPECT_EQ(scores["aider-edit"], 37.6);
  EXPECT_EQ(scores["open-llm"], 28.2) << "the better of two precisions";
  EXPECT_EQ(scores["klej-polemo2-in"], 84.5);
  EXPECT_EQ(offer(card("mixtral-8x7b-instruct"), "deepinfra")->input->count, 540'000);
}

}  // namespace
}  // namespace zubr::catalog
