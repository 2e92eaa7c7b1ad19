#include "models/blobs/journal.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace zubr::models {
namespace {

constexpr std::uint64_t kSize = 64;

std::vector<bool> bits_of(const ByteRanges& ranges) {
  std::vector<bool> bits(kSize);
  for (const Span& span : ranges.spans())
    for (std::uint64_t i = span.first; i < span.end; ++i) bits[i] = true;
  return bits;
}

Span any_span() {
  const auto first = *rc::gen::inRange<std::uint64_t>(0, kSize);
  return {first, *rc::gen::inRange<std::uint64_t>(first, kSize + 1)};
}

ByteRanges any_ranges() {
  ByteRanges ranges;
  for (int i = *rc::gen::inRange(0, 12); i > 0; --i) ranges.add(any_span());
  return ranges;
}

RC_GTEST_PROP(ByteRanges, AreASetOfBytesKeptSortedApartAndMerged, ()) {
  ByteRanges ranges;
  std::vector<bool> model(kSize);
  for (int i = *rc::gen::inRange(0, 12); i > 0; --i) {
    const Span span = any_span();
    ranges.add(span);
    for (std::uint64_t at = span.first; at < span.end; ++at) model[at] = true;
  }
  RC_ASSERT(bits_of(ranges) == model);
  RC_ASSERT(ranges.size() == static_cast<std::uint64_t>(std::count(model.begin(), model.end(), true)));
  RC_ASSERT(ranges.prefix() ==
            static_cast<std::uint64_t>(std::find(model.begin(), model.end(), false) - model.begin()));
  for (std::size_t i = 1; i < ranges.spans().size(); ++i)
    RC_ASSERT(ranges.spans()[i - 1].end < ranges.spans()[i].first);
}

RC_GTEST_PROP(ByteRanges, MissingIsExactlyTheRest, ()) {
  ByteRanges ranges = any_ranges();
  const Span within = any_span();
  const auto gaps = ranges.missing(within);
  RC_ASSERT(ranges.covers(within) == gaps.empty());
  const auto before = bits_of(ranges);
  for (const Span& gap : gaps) {
    RC_ASSERT(gap.first >= within.first && gap.end <= within.end && gap.first < gap.end);
    for (std::uint64_t at = gap.first; at < gap.end; ++at) RC_ASSERT(!before[at]);
    ranges.add(gap);
  }
  RC_ASSERT(ranges.covers(within));
}

RC_GTEST_PROP(Journal, IsReadAsItWasWritten, ()) {
  Journal journal{.size = {}, .validator = *rc::gen::element<std::string>("", "\"abc\"", "x y"), .done = any_ranges()};
  if (*rc::gen::arbitrary<bool>()) journal.size = kSize;
  const auto read = parse_journal(journal_text(journal));
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == journal);
}

RC_GTEST_PROP(Journal, CutShortAnywhereIsRefused, ()) {
  const std::string text = journal_text({.size = kSize, .validator = "v", .done = any_ranges()});
  const auto length = *rc::gen::inRange<std::size_t>(0, text.size());
  RC_ASSERT(!parse_journal(text.substr(0, length)));
}

TEST(Journal, RefusesWhatDoesNotAddUp) {
  for (const char* text :
       {"", "end\n", "zubr-partial 2\nend\n", "zubr-partial 1\nsize 10\ndone 5 11\nend\n",
        "zubr-partial 1\ndone 5 5\nend\n", "zubr-partial 1\ndone 9 5\nend\n", "zubr-partial 1\nsize -1\nend\n",
        "zubr-partial 1\nend\nmore\n", "zubr-partial 1\nsize 99999999999999999999\nend\n"}) {
    const auto journal = parse_journal(text);
    ASSERT_FALSE(journal) << text;
    EXPECT_EQ(journal.error().code(), ErrorCode::kCorrupt);
  }
}

}  // namespace
}  // namespace zubr::models
