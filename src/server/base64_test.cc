#include "server/base64.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace zubr::server {
namespace {

TEST(Base64, IsAsInTheExamplesOfItsStandard) {  // RFC 4648 section 10
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64("\xff\xef\xbe"), "/+++");
}

RC_GTEST_PROP(Base64, ComesBack, (const std::string& bytes)) {
  std::string text = base64(bytes);
  RC_ASSERT(from_base64(text) == bytes);
  while (text.ends_with('=')) text.pop_back();
  RC_ASSERT(from_base64(text) == bytes);
}

TEST(Base64, RefusesWhatItIsNot) {
  for (const char* bad : {"A", "A===", "AA=A", "====", "=", "AB", "QUJ", "QQ==\n", "Q Q=", "QQ-_", "QQ==QQ=="})
    EXPECT_EQ(from_base64(bad), std::nullopt) << bad;
  EXPECT_EQ(from_base64(""), "");
}

}  // namespace
}  // namespace zubr::server
