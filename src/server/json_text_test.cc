#include "server/json_text.h"

#include <gtest/gtest.h>

namespace zubr::server {
namespace {

TEST(JsonText, EscapesWhatJsonDoesNotAllowInStrings) {
  EXPECT_EQ(json_text("a\"b\\c\n\t\r\x01/"), R"("a\"b\\c\n\t\r\u0001/")");
  EXPECT_EQ(json_text(std::string_view("\0", 1)), R"("\u0000")");
  EXPECT_EQ(json_text(""), R"("")");
}

TEST(JsonText, KeepsUtf8AndReplacesWhatIsNot) {
  EXPECT_EQ(json_text("żubr 🦬"), "\"żubr 🦬\"");
  EXPECT_EQ(json_text("a\xff\"b"), "\"a\xEF\xBF\xBD\\\"b\"");
}

}  // namespace
}  // namespace zubr::server
