#include "router/places.h"

#include <gtest/gtest.h>

#include "catalog/snapshot.h"
#include "inference/fake_backend.h"
#include "inference/one_model_host.h"

namespace zubr::router {
namespace {

using providers::Reach;

core::Environment with(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

PlacesOptions options() {
  PlacesOptions options;
  options.table = *providers::ProviderTable::built_in();
  options.environment = with({{"GROQ_API_KEY", "one,two"}});
  options.client = std::make_shared<net::HttpClient>(net::HttpOptions{});
  return options;
}

// What two price lists and OpenRouter say about one model.
std::shared_ptr<catalog::Catalog> small_catalog() {
  auto catalog = catalog::Catalog::in_memory();
  const auto offer = [](std::string provider, std::int64_t input, std::int64_t output) {
    return catalog::Offer{.provider = std::move(provider), .input = PicoDollars{input}, .output = PicoDollars{output}};
  };
  catalog::Facts facts;
  const catalog::Address hub{"hf", "meta-llama/Llama-3.1-8B-Instruct"};
  facts.models.push_back({.address = hub});
  facts.models.push_back({.address = {"models.dev", "groq/llama-3.1-8b-instant"},
                          .also = {hub},
                          .offers = {offer("groq", 50'000, 80'000)}});
  facts.models.push_back(
      {.address = {"litellm", "groq/llama-3.1-8b-instant"}, .also = {hub}, .offers = {offer("groq", 60'000, 70'000)}});
  facts.models.push_back({.address = {"litellm", "together_ai/meta-llama/Llama-3.1-8B-Instruct-Turbo"},
                          .also = {hub},
                          .offers = {offer("together_ai", 180'000, 180'000)}});
  catalog::Offer seen = offer("deepinfra", 20'000, 30'000);
  seen.latency_ms = 300;
  facts.models.push_back({.address = {"openrouter", "meta-llama/llama-3.1-8b-instruct"},
                          .also = {hub},
                          .offers = {offer("openrouter", 20'000, 30'000)}});
  facts.models.push_back(
      {.address = {"openrouter-endpoints", "meta-llama/llama-3.1-8b-instruct"}, .also = {hub}, .offers = {seen}});
  EXPECT_TRUE(catalog->merge(facts, {.name = "test", .date = "2026-01-01"}));
  return std::make_shared<catalog::Catalog>(std::move(*catalog));
}

TEST(Places, AProvidersNameInFrontMeansThatProviderOnly) {
  Places places(options());
  const auto found = places.endpoints("groq/llama-3.1-8b-instant");
  ASSERT_TRUE(found) << found.error().message();
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->at(0).name(), "groq/llama-3.1-8b-instant");
  EXPECT_EQ(found->at(0).keys, 2);
  EXPECT_EQ(found->at(0).prices.input, std::nullopt) << "no catalog, no price";
  EXPECT_EQ(places.endpoints("openrouter/meta-llama/llama-3.1-8b-instruct")->at(0).model,
            "meta-llama/llama-3.1-8b-instruct");
  EXPECT_EQ(places.endpoints("llama-server/x")->at(0).reach, Reach::kLocal);
  EXPECT_EQ(places.endpoints("azure/gpt").error().code(), ErrorCode::kInvalidArgument) << "its address is not set";
}

TEST(Places, ACatalogNameIsEveryProviderThatServesIt) {
  PlacesOptions with_catalog = options();
  with_catalog.catalog = small_catalog();
  Places places(std::move(with_catalog));
  const auto found = places.endpoints("llama-3.1-8b");
  ASSERT_TRUE(found) << found.error().message();
  std::map<std::string, Endpoint> by_name;
  for (const Endpoint& endpoint : *found) by_name[endpoint.name()] = endpoint;
  ASSERT_EQ(by_name.size(), 3u);
  ASSERT_TRUE(by_name.contains("groq/llama-3.1-8b-instant"));
  EXPECT_TRUE(by_name.contains("together/meta-llama/Llama-3.1-8B-Instruct-Turbo"));
  EXPECT_TRUE(by_name.contains("openrouter/meta-llama/llama-3.1-8b-instruct"));
  const Prices& prices = by_name["groq/llama-3.1-8b-instant"].prices;
  EXPECT_EQ(prices.input, PicoDollars{60'000}) << "where sources disagree the dearer one counts";
  EXPECT_EQ(prices.output, PicoDollars{80'000});
  EXPECT_EQ(places.endpoints("groq/llama-3.1-8b-instant")->at(0).prices.input, PicoDollars{60'000});
  EXPECT_EQ(places.endpoints("no-such-model-anywhere").error().code(), ErrorCode::kNotFound);
}

TEST(Places, AModelOfThisMachineIsFreeAndLocal) {
  PlacesOptions with_local = options();
  inference::FakeBackend fake;
  const std::string name = fake.info().name;
  with_local.local = {[&](const std::string& asked) { return asked == name; },
                      std::make_shared<inference::OneModelHost>(fake)};
  Places places(std::move(with_local));
  const auto found = places.endpoints(name);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->at(0).reach, Reach::kLocal);
  EXPECT_EQ(found->at(0).prices.output, PicoDollars{0});
  inference::GenerateRequest request;
  request.messages = {{inference::Role::kUser, "hi"}};
  const auto answer = places.generate(found->at(0), 0, request, [](const inference::Event&) {}, {});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_TRUE(answer->usage_known);
  EXPECT_EQ(places.embed(found->at(0), 0, {.model = {}, .texts = {"a"}}, {})->vectors.size(), 1u);
}

}  // namespace
}  // namespace zubr::router
