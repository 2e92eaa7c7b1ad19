#include "models/blobs/digest.h"

#include <gtest/gtest.h>

namespace zubr::models {
namespace {

TEST(Digest, OfNothingAndOfAbcAreThoseOfTheStandard) {
  EXPECT_EQ(sha256("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc").text(), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, IsTheSameInPieces) {
  Sha256 hash;
  hash.update("a");
  hash.update("bc");
  EXPECT_EQ(hash.finish(), sha256("abc"));
  EXPECT_EQ(hash.finish(), sha256(""));  // as new
}

TEST(Digest, RefusesWhateverIsNotSixtyFourDigits) {
  const std::string good = sha256("x").hex();
  EXPECT_EQ(Digest::parse("sha256:" + good)->hex(), good);
  EXPECT_EQ(Digest::parse("sha256-" + good)->hex(), good);
  for (const std::string& text : {std::string(), std::string("sha256:"), "sha256:../../" + good.substr(6), good + "0",
                                  good.substr(1), "md5:" + good, "sha256:" + good.substr(0, 63) + "/",
                                  "sha256:" + good.substr(0, 63) + std::string(1, '\0'), " " + good}) {
    const auto digest = Digest::parse(text);
    ASSERT_FALSE(digest) << text;
    EXPECT_EQ(digest.error().code(), ErrorCode::kCorrupt);
  }
}

}  // namespace
}  // namespace zubr::models
