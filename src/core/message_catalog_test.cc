#include "core/message_catalog.h"

#include <gtest/gtest.h>

#include <set>

#include "core/display.h"
#include "core/utf8.h"

namespace zubr::core {
namespace {

class PolishTest : public testing::Test {
 protected:
  void TearDown() override { set_language("en"); }
};

TEST_F(PolishTest, EveryEntryHasThePlaceholdersOfItsEnglishKey) {
  const auto entries = polish_catalog();
  ASSERT_TRUE(entries) << entries.error().message();
  EXPECT_GE(entries->size(), 40u);
  for (const CatalogEntry& entry : *entries) {
    EXPECT_EQ(placeholders(entry.english), placeholders(entry.translated)) << "pl.toml:" << entry.line;
    EXPECT_TRUE(utf8_valid(entry.translated)) << "pl.toml:" << entry.line;
    EXPECT_FALSE(entry.translated.empty()) << "pl.toml:" << entry.line;
  }
}

TEST_F(PolishTest, ChangesMessagesAndNumbersWhenChosen) {
  EXPECT_EQ(message("cannot read {}", "x.csv"), "cannot read x.csv");
  ASSERT_TRUE(set_language("pl"));
  EXPECT_EQ(message("cannot read {}", "x.csv"), "nie można odczytać x.csv");
  EXPECT_EQ(display_count(12345), "12\u00a0345");
  EXPECT_EQ(message("nobody has translated this {}", 1), "nobody has translated this 1");
  ASSERT_TRUE(set_language("en"));
  EXPECT_EQ(message("cannot read {}", "x.csv"), "cannot read x.csv");
}

TEST_F(PolishTest, AnUnknownLanguageLeavesEnglish) {
  EXPECT_FALSE(set_language("tlh"));
  EXPECT_EQ(message("cannot read {}", "x"), "cannot read x");
}

TEST(Placeholders, AreFoundWhateverTheirOrder) {
  EXPECT_EQ(placeholders("{} of {:.1f}, {{not}} {}"), (std::vector<std::string>{"{:.1f}", "{}", "{}"}));
  EXPECT_TRUE(placeholders("none").empty());
}

}  // namespace
}  // namespace zubr::core
