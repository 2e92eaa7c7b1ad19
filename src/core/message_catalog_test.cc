#include "core/message_catalog.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/display.h"
#include "core/text_file.h"
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

// All source text with adjacent string literals joined, so that a long message is found as one.
std::string joined_sources() {
  std::string all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("src")) {
    const auto extension = entry.path().extension();
    if (extension != ".cc" && extension != ".h") continue;
    const auto text = read_text_file(entry.path(), 1 << 20);
    if (!text) continue;
    for (std::size_t at = 0; at < text->size(); ++at) {
      const std::size_t next = text->find_first_not_of(" \n", at + 1);
      const bool seam = (*text)[at] == '"' && next != std::string::npos && next > at + 1 && (*text)[next] == '"';
      if (seam) {
        at = next;
      } else {
        all += (*text)[at];
      }
    }
  }
  return all;
}

TEST_F(PolishTest, EveryEnglishKeyIsAMessageOfTheProgram) {
  const std::string sources = joined_sources();
  ASSERT_GT(sources.size(), 100000u);
  const auto entries = polish_catalog();
  ASSERT_TRUE(entries);
  for (const CatalogEntry& entry : *entries) {
    std::string literal = "\"";
    for (const char c : entry.english) literal += c == '"' ? std::string("\\\"") : std::string(1, c);
    EXPECT_NE(sources.find(literal + "\""), std::string::npos) << "pl.toml:" << entry.line << ": " << entry.english;
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
