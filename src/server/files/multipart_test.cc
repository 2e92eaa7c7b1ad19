#include "server/files/multipart.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace zubr::server {
namespace {

constexpr const char* kType = "multipart/form-data; boundary=XX";

std::string part(const std::string& head, const std::string& content) {
  return "--XX\r\nContent-Disposition: form-data; " + head + "\r\n\r\n" + content + "\r\n";
}

TEST(Multipart, ReadsPartsWithNamesAndFiles) {
  const std::string body = "preamble\r\n" + part("name=\"purpose\"", "batch") +
                           part("name=\"file\"; filename=\"a; \\\"b\\\".txt\"", "line\r\n--X\r\n") + "--XX--\r\n";
  const auto parts = *parse_multipart(kType, body);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].name, "purpose");
  EXPECT_EQ(parts[0].content, "batch");
  EXPECT_FALSE(parts[0].file_name);
  EXPECT_EQ(parts[1].file_name, "a; \"b\".txt");
  EXPECT_EQ(parts[1].content, "line\r\n--X\r\n");
}

TEST(Multipart, ReadsABoundaryInQuotesAndHeadersInAnyCase) {
  const std::string body =
      "--a b\r\ncontent-disposition: Form-Data; NAME=x\r\nContent-Type: text/plain\r\n\r\n1\r\n--a b--";
  const auto parts = *parse_multipart("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"", body);
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].name, "x");
  EXPECT_EQ(parts[0].content, "1");
}

TEST(Multipart, RefusesWhatHasNotItsForm) {
  const std::string good = part("name=\"a\"", "1") + "--XX--";
  ASSERT_TRUE(parse_multipart(kType, good));
  for (const char* type : {"", "application/json", "multipart/form-data", "multipart/form-data; boundary=",
                           "multipart/form-data; boundary=\"XX", "multipart/mixed; boundary=XX"})
    EXPECT_FALSE(parse_multipart(type, good)) << type;
  for (const std::string& body :
       {std::string(), std::string("--XX"), std::string("--XX\r\n"), part("name=\"a\"", "1"), part("", "1") + "--XX--",
        std::string("--XX\r\nno header\r\n--XX--"), std::string("--XXmore\r\n\r\n--XX--")})
    EXPECT_FALSE(parse_multipart(kType, body)) << body;
  std::string many;
  for (int i = 0; i < 65; ++i) many += part("name=\"a\"", "1");
  EXPECT_FALSE(parse_multipart(kType, many + "--XX--"));
}

RC_GTEST_PROP(MultipartProperty, AnyContentWithoutItsBoundaryIsReadBack, (const std::vector<std::string>& contents)) {
  RC_PRE(contents.size() <= 64u);
  std::string body;
  for (const std::string& content : contents) {
    RC_PRE(content.find("--XX") == std::string::npos);
    body += part("name=\"a\"", content);
  }
  body += "--XX--";  // the parts are views of it
  const auto parts = *parse_multipart(kType, body);
  RC_ASSERT(parts.size() == contents.size());
  for (std::size_t i = 0; i < parts.size(); ++i) RC_ASSERT(parts[i].content == contents[i]);
}

RC_GTEST_PROP(MultipartProperty, NoBytesAreReadBehindTheirEnd, (std::string type, std::string body)) {
  const auto cut = *rc::gen::inRange<std::size_t>(0, 200);
  const std::string whole = (part("name=\"a\"; filename=\"b\"", body) + "--XX--").substr(0, cut);
  const auto parts = parse_multipart(*rc::gen::element(type, std::string(kType)), whole);
  if (!parts) return;
  for (const auto& one : *parts)
    RC_ASSERT(one.content.data() >= whole.data() &&
              one.content.data() + one.content.size() <= whole.data() + whole.size());
}

}  // namespace
}  // namespace zubr::server
