#include "net/sse.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace zubr::net {
namespace {

std::vector<std::string> data_of(const std::vector<SseEvent>& events) {
  std::vector<std::string> all;
  for (const SseEvent& event : events) all.push_back(event.name + "|" + event.data);
  return all;
}

std::vector<std::string> read_in_pieces(std::string_view text, std::size_t piece) {
  SseParser parser;
  std::vector<std::string> all;
  for (std::size_t at = 0; at < text.size(); at += piece)
    for (const std::string& one : data_of(*parser.feed(text.substr(at, piece)))) all.push_back(one);
  for (const std::string& one : data_of(*parser.finish())) all.push_back(one);
  return all;
}

constexpr std::string_view kStream =
    ": keep-alive\r\n\r\nevent: delta\r\ndata: {\"a\":1}\r\n\r\ndata:two\ndata: lines\n\nid: 7\nretry: 3\n\n"
    "data\n\rdata: [DONE]\r\rdata: no newline";

TEST(Sse, ReadsEveryFormOfLineEndWhereverTheBytesAreCut) {
  const std::vector<std::string> expected{"delta|{\"a\":1}", "|two\nlines", "|", "|[DONE]", "|no newline"};
  for (std::size_t piece = 1; piece <= kStream.size(); ++piece) EXPECT_EQ(read_in_pieces(kStream, piece), expected);
}

TEST(Sse, SkipsAByteOrderMarkAndCommentsAndUnknownFields) {
  EXPECT_EQ(read_in_pieces("\xEF\xBB\xBF"
                           "data: x\n\n: OPENROUTER PROCESSING\n\ncolour: red\n\n",
                           3),
            std::vector<std::string>{"|x"});
}

TEST(Sse, RefusesAnEventWithoutEnd) {
  SseParser parser(100);
  ASSERT_TRUE(parser.feed("data: " + std::string(90, 'x')));
  const auto more = parser.feed("data: " + std::string(90, 'x'));
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code(), ErrorCode::kTooLarge);
  SseParser lines(100);
  Result<std::vector<SseEvent>> last = lines.feed("");
  for (int i = 0; last && i < 100; ++i) last = lines.feed("data: 0123456789\n");
  EXPECT_FALSE(last);
}

RC_GTEST_PROP(Sse, AnyBytesInAnyPiecesGiveTheSameEvents, (const std::string& bytes)) {
  const auto whole = read_in_pieces(bytes, bytes.size() + 1);
  for (std::size_t piece = 1; piece < 5; ++piece) RC_ASSERT(read_in_pieces(bytes, piece) == whole);
}

}  // namespace
}  // namespace zubr::net
