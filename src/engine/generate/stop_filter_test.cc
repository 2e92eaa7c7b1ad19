#include "engine/generate/stop_filter.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace zubr::engine {
namespace {

std::string run(std::vector<std::string> stops, const std::vector<std::string>& pieces) {
  StopFilter filter(std::move(stops));
  std::string shown;
  for (const std::string& piece : pieces) shown += filter.push(piece);
  return shown + filter.finish();
}

TEST(StopFilter, LetsEverythingThroughWithoutStopStrings) {
  StopFilter filter({});
  EXPECT_EQ(filter.push("abc"), "abc");
  EXPECT_EQ(filter.finish(), "");
}

TEST(StopFilter, HoldsBackWhatMayBeginAStopString) {
  StopFilter filter({"END"});
  EXPECT_EQ(filter.push("the E"), "the ");
  EXPECT_EQ(filter.push("N"), "");
  EXPECT_EQ(filter.push("trance"), "ENtrance");
  EXPECT_FALSE(filter.stopped());
}

TEST(StopFilter, EndsBeforeAStopStringSplitAcrossPieces) {
  StopFilter filter({"\nUser:"});
  EXPECT_EQ(filter.push("Hi!\n"), "Hi!");
  EXPECT_EQ(filter.push("Us"), "");
  EXPECT_EQ(filter.push("er: and more"), "");
  EXPECT_TRUE(filter.stopped());
  EXPECT_EQ(filter.push("even more"), "");
  EXPECT_EQ(filter.finish(), "");
}

TEST(StopFilter, TakesTheFirstOfSeveralStopStrings) { EXPECT_EQ(run({"cd", "b"}, {"abcd"}), "a"); }

TEST(StopFilter, GivesBackWhatItHeldAtTheEnd) { EXPECT_EQ(run({"END"}, {"x EN"}), "x EN"); }

TEST(StopFilter, StopsInTheMiddleOfAPiece) { EXPECT_EQ(run({"ł"}, {"zółty"}), "zó"); }

RC_GTEST_PROP(StopFilterProperty, ShowsTheTextBeforeTheFirstStopWhateverThePieces, ()) {
  const auto letters = rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab")));
  const auto text = *letters;
  const auto stops = *rc::gen::container<std::vector<std::string>>(rc::gen::nonEmpty(letters));
  std::size_t first = text.size();
  for (const auto& stop : stops) first = std::min(first, text.find(stop));
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at < text.size();) {
    const auto length = *rc::gen::inRange<std::size_t>(1, text.size() - at + 1);
    pieces.push_back(text.substr(at, length));
    at += length;
  }
  // A stop string that is complete ends the answer even where another one that began earlier might still have come.
  const std::string shown = run(stops, pieces);
  RC_ASSERT(text.starts_with(shown));
  for (const auto& stop : stops) RC_ASSERT(shown.find(stop) == std::string::npos);
  if (first == text.size()) RC_ASSERT(shown == text);
}

}  // namespace
}  // namespace zubr::engine
