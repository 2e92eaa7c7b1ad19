#include "access/api_key.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace zubr::access {
namespace {

TEST(ApiKey, TellsItsIdAndNothingElseOfItself) {
  const NewSecret made = make_secret();
  EXPECT_EQ(made.secret.size(), 5 + 12 + 1 + 64);
  EXPECT_EQ(key_id_of(made.secret), made.id);
  EXPECT_EQ(hash_of(made.secret), made.hash);
}

TEST(ApiKey, IsAnotherEachTime) {
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) seen.insert(make_secret().secret);
  EXPECT_EQ(seen.size(), 200u);
}

TEST(ApiKey, HasAHashThatOtherProgramsMakeToo) {  // printf abc | sha256sum
  const KeyHash hash = hash_of("abc");
  EXPECT_EQ(to_hex({reinterpret_cast<const char*>(hash.data()), hash.size()}),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

RC_GTEST_PROP(ApiKeyProperty, AnyChangedByteIsAnotherKey, ()) {
  const NewSecret made = make_secret();
  std::string other = made.secret;
  const auto at = *rc::gen::inRange<std::size_t>(0, other.size());
  const char instead = *rc::gen::suchThat(rc::gen::arbitrary<char>(), [&](char c) { return c != other[at]; });
  other[at] = instead;
  RC_ASSERT(!equal_in_constant_time(hash_of(other), made.hash));
}

RC_GTEST_PROP(ApiKeyProperty, AnyTextHasAnIdOrNone, (const std::string& text)) {
  const auto id = key_id_of(text);
  RC_ASSERT(id.empty() || id.size() == 12u);
}

TEST(ApiKey, ScopesAreReadAndWritten) {
  for (const char* text : {"infer", "infer,manage", "admin", "infer,manage,admin"})
    EXPECT_EQ(scopes_text(*parse_scopes(text)), text);
  for (const char* wrong : {"", "root", "infer,", "infer,,manage", "Infer", "infer manage"})
    EXPECT_EQ(parse_scopes(wrong).has_value(), std::string_view(wrong) == "infer,") << wrong;
}

TEST(ApiKey, AdminMayDoEverythingAndOthersTheirPart) {
  const Scopes infer = *parse_scopes("infer"), admin = *parse_scopes("admin");
  EXPECT_TRUE(allows(infer, Scope::kInfer));
  EXPECT_FALSE(allows(infer, Scope::kManage));
  EXPECT_FALSE(allows(infer, Scope::kAdmin));
  EXPECT_FALSE(allows(*parse_scopes("manage"), Scope::kInfer));
  EXPECT_TRUE(allows(admin, Scope::kInfer) && allows(admin, Scope::kManage) && allows(admin, Scope::kAdmin));
  EXPECT_TRUE(allows(0, Scope::kNone));
}

}  // namespace
}  // namespace zubr::access
