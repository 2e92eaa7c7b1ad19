#include "providers/provider_table.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "providers/provider_backend.h"

namespace zubr::providers {
namespace {

std::string refusal_of(const std::string& toml) {
  auto table = ProviderTable::built_in();
  const std::size_t before = table->all().size();
  const auto added = table->add(toml, "config.toml");
  EXPECT_FALSE(added) << toml;
  EXPECT_EQ(table->all().size(), before) << "on failure nothing was added";
  return added ? "" : added.error().message();
}

TEST(ProviderTable, TheOnesThatShipAreWhole) {
  const auto table = ProviderTable::built_in();
  ASSERT_TRUE(table) << table.error().message();
  EXPECT_GE(table->all().size(), 20u);
  for (const Provider& provider : table->all()) {
    EXPECT_FALSE(provider.display.empty()) << provider.name;
    EXPECT_NE(provider.features & (kChat | kCompletions), 0u) << provider.name;
    if (provider.reach == Reach::kHosted) {
      EXPECT_TRUE(provider.base_url.starts_with("https://") || !provider.base_url_variable.empty()) << provider.name;
      EXPECT_FALSE(provider.key_variable.empty()) << provider.name;
    }
    if (provider.privacy.trains || provider.privacy.retains) {
      EXPECT_TRUE(provider.privacy.source.starts_with("https://")) << provider.name;
    }
  }
  ASSERT_NE(table->find("fireworks-ai"), nullptr);
  EXPECT_EQ(table->find("fireworks-ai")->name, "fireworks");
  EXPECT_EQ(table->find("nobody"), nullptr);
}

TEST(ProviderTable, AnEntryOfTheUsersIsAProvider) {
  auto table = *ProviderTable::built_in();
  const auto added = table.add(
      "model = \"x\"\n[providers.office]\nbase_url = \"http://10.0.0.7:8000/v1/\"\nreach = \"private\"\n"
      "features = [\"chat\", \"tools\"]\nkey_variable = \"OFFICE_KEY\"\npatience_s = 5\n",
      "config.toml");
  ASSERT_TRUE(added) << added.error().message();
  const Provider* office = table.find("office");
  ASSERT_NE(office, nullptr);
  EXPECT_EQ(office->base_url, "http://10.0.0.7:8000/v1");
  EXPECT_EQ(office->reach, Reach::kPrivate);
  EXPECT_EQ(office->features, static_cast<Features>(kChat | kTools));
  EXPECT_EQ(office->limits.patience, std::chrono::seconds(5));
  EXPECT_EQ(office->origin, "config.toml:3");
  EXPECT_FALSE(office->privacy.zero_retention()) << "unknown is not private";
}

TEST(ProviderTable, AnotherAddressForgetsThePrivacyOfTheOldOne) {
  auto table = *ProviderTable::built_in();
  ASSERT_TRUE(table.find("deepinfra")->privacy.zero_retention());
  ASSERT_TRUE(table.add("[providers.deepinfra]\ndisplay = \"mine\"\nbase_url = \"https://proxy.example/v1\"\n", "c"));
  EXPECT_FALSE(table.find("deepinfra")->privacy.zero_retention());
  EXPECT_EQ(table.find("deepinfra")->key_variable, "DEEPINFRA_API_KEY");
  ASSERT_TRUE(
      table.add("[providers.deepinfra]\ntrains = false\nretains = false\nprivacy_source = \"our contract\"\n"
                "privacy_date = \"2026-01-02\"\n",
                "c"));
  EXPECT_TRUE(table.find("deepinfra")->privacy.zero_retention());
}

TEST(ProviderTable, ABrokenEntryIsRefusedWithItsLine) {
  const std::string head = "[providers.x]\nbase_url = \"http://h/v1\"\n";
  EXPECT_NE(refusal_of(head + "colour = 1\n").find("config.toml:3: a provider has no 'colour'"), std::string::npos);
  EXPECT_NE(refusal_of(head + "key_variabel = \"A\"\n").find("did you mean 'key_variable'"), std::string::npos);
  EXPECT_NE(refusal_of("[providers.x]\nbase_url = \"ftp://h\"\n").find("config.toml:2: base_url"), std::string::npos);
  EXPECT_NE(refusal_of("[providers.x]\nbase_url = \"http://u:p@h/v1\"\n").find("config.toml:2"), std::string::npos);
  EXPECT_NE(refusal_of(head + "reach = \"near\"\n").find("local, private, hosted"), std::string::npos);
  EXPECT_NE(refusal_of(head + "features = [\"chat\", \"cooking\"]\n").find("features"), std::string::npos);
  EXPECT_NE(refusal_of(head + "features = \"chat\"\n").find("features"), std::string::npos);
  EXPECT_NE(refusal_of(head + "patience_s = 0\n").find("patience_s"), std::string::npos);
  EXPECT_NE(refusal_of(head + "trains = false\n").find("privacy_source"), std::string::npos);
  EXPECT_NE(refusal_of("[providers.x]\ndisplay = \"X\"\n").find("has no base_url"), std::string::npos);
  EXPECT_NE(refusal_of("[providers.\"Big Name\"]\nbase_url = \"http://h\"\n").find("cannot be a provider's name"),
            std::string::npos);
  EXPECT_NE(refusal_of("[providers.x.y]\nz = 1\n").find("no key of a provider"), std::string::npos);
  EXPECT_NE(refusal_of("providers = 3\n").find("no key of a provider"), std::string::npos);
  EXPECT_NE(refusal_of("[providers.x\n").find("config.toml:1"), std::string::npos);
  EXPECT_NE(refusal_of("[providers.x]\nbase_url = \"http://example.org/v1\"\nreach = \"local\"\n")
                .find("is not this machine"),
            std::string::npos);
}

TEST(ProviderTable, LocalIsNeverSomebodyElsesMachine) {
  auto table = *ProviderTable::built_in();
  for (const Provider& provider : table.all()) {
    if (provider.reach != Reach::kLocal) continue;
    Provider moved = provider;
    moved.base_url_variable = "MOVED";
    EXPECT_FALSE(ready(moved, [](const std::string&) { return std::optional<std::string>("https://example.org"); }));
    EXPECT_TRUE(ready(moved, [](const std::string&) { return std::optional<std::string>("http://127.0.0.1:1/v1"); }));
  }
}

RC_GTEST_PROP(ProviderTableProperty, AnyTextIsReadOrRefused, (const std::string& text)) {
  ProviderTable table;
  (void)table.add(text, "x");
  (void)table.add("[providers.a]\nbase_url = \"http://h\"\n" + text, "x");
}

}  // namespace
}  // namespace zubr::providers
