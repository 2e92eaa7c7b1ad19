#include "server/request_parser.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace zubr::server {
namespace {

using State = RequestParser::State;

// Feeds the bytes in pieces that end at the given places, keeping what was not used, as a connection does.
State feed_in_pieces(RequestParser& parser, std::string_view bytes, const std::vector<std::size_t>& cuts) {
  std::string inbox;
  State state = State::kNeedMore;
  for (std::size_t at = 0, piece = 0; at < bytes.size() && state != State::kDone && state != State::kFailed; ++piece) {
    const std::size_t length = piece < cuts.size() ? std::min(cuts[piece], bytes.size() - at) : bytes.size() - at;
    inbox += bytes.substr(at, length);
    at += length;
    for (;;) {
      std::size_t used = 0;
      state = parser.feed(inbox, used);
      inbox.erase(0, used);
      if (state == State::kHead || (state == State::kNeedMore && used > 0 && !inbox.empty())) continue;
      break;
    }
  }
  return state;
}

RC_GTEST_PROP(RequestParser, ReadsTheSameInWhateverPiecesItComes, (bool chunked)) {
  const auto cuts = *rc::gen::container<std::vector<std::size_t>>(rc::gen::inRange<std::size_t>(1, 20));
  const std::string framing = chunked ? "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n"
                                      : "Content-Length: 11\r\n\r\nhello world";
  RequestParser parser(ServerLimits{});
  for (int turn = 0; turn < 2; ++turn) {
    RC_ASSERT(feed_in_pieces(parser, "\r\nPOST /path?x=1 HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: r\r\n" + framing,
                             cuts) == State::kDone);
    RC_ASSERT(parser.head().target == "/path?x=1");
    RC_ASSERT(parser.head().request_id == "r");
    RC_ASSERT(parser.take_body() == "hello world");
    parser.reset();
  }
}

RC_GTEST_PROP(RequestParser, SurvivesAnyBytes, (const std::string& bytes, const std::vector<std::uint8_t>& cuts)) {
  RequestParser parser(ServerLimits{});
  std::vector<std::size_t> places;
  for (const auto cut : cuts) places.push_back(cut + 1u);
  feed_in_pieces(parser, bytes, places);
  parser.reset();
  feed_in_pieces(parser, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + bytes, places);
}

TEST(RequestParser, LeavesTheNextRequestInTheBuffer) {
  RequestParser parser(ServerLimits{});
  const std::string_view two = "GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n";
  std::size_t used = 0;
  EXPECT_EQ(parser.feed(two, used), State::kHead);
  EXPECT_EQ(used, two.size() / 2);
  EXPECT_EQ(parser.feed({}, used), State::kDone);
}

TEST(RequestParser, StopsAtTheLimits) {
  ServerLimits limits;
  limits.header_bytes = 100;
  limits.body_bytes = 10;
  const auto status = [&](std::string bytes) {
    RequestParser parser(limits);
    return feed_in_pieces(parser, bytes, {}) == State::kFailed ? parser.error().status : 0;
  };
  EXPECT_EQ(status("GET /" + std::string(200, 'a')), 431);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(100, 'a') + "\r\n\r\n"), 431);
  EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n"), 413);
  EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n0123456789"), 0);
  EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n"),
            413);
  EXPECT_EQ(status("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(200, 'x')), 400);
}

}  // namespace
}  // namespace zubr::server
