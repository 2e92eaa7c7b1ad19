#include "access/key_ring.h"

#include <gtest/gtest.h>

#include "core/temp_dir.h"

namespace zubr::access {
namespace {

using Kind = Verdict::Kind;

struct KeyRingTest : testing::Test {
  std::chrono::sys_seconds now() const { return std::chrono::floor<std::chrono::seconds>(clock.wall()); }

  core::TempDir dir;
  core::FakeClock clock;
  KeyStore store = *KeyStore::open(dir.path());
  std::unique_ptr<KeyRing> ring = *KeyRing::open(dir.path(), clock);
};

TEST_F(KeyRingTest, IsOpenUntilAKeyWasMadeAndNeverAfter) {
  EXPECT_EQ(ring->check("").kind, Kind::kOpen);
  EXPECT_FALSE(ring->needed());
  const auto made = *store.create("a", *parse_scopes("infer"), {}, now());
  clock.advance(KeyRing::kRefresh);
  EXPECT_EQ(ring->check("").kind, Kind::kMissing);
  EXPECT_TRUE(ring->needed());
  ASSERT_TRUE(store.revoke("a", now()));
  clock.advance(KeyRing::kRefresh);
  EXPECT_EQ(ring->check("").kind, Kind::kMissing) << "revoking the last key must not open the door";
  EXPECT_EQ(ring->check(made.secret).kind, Kind::kRevoked);
}

TEST_F(KeyRingTest, GrantsTheScopesOfTheKeyAndKnowsItsId) {
  const auto made = *store.create("a", *parse_scopes("infer,manage"), {}, now());
  clock.advance(KeyRing::kRefresh);
  const Verdict verdict = ring->check(made.secret);
  EXPECT_EQ(verdict.kind, Kind::kGranted);
  EXPECT_EQ(scopes_text(verdict.scopes), "infer,manage");
  EXPECT_EQ(verdict.key_id, made.record.id);
}

TEST_F(KeyRingTest, KnowsOnlyTheWholeKey) {
  const auto made = *store.create("a", *parse_scopes("admin"), {}, now());
  clock.advance(KeyRing::kRefresh);
  std::string other = made.secret;
  other.back() = other.back() == '0' ? '1' : '0';
  for (const auto& wrong : {other, made.record.id, made.secret + "0", made.secret.substr(1), std::string("sk-none")})
    EXPECT_EQ(ring->check(wrong).kind, Kind::kUnknown) << wrong;
}

TEST_F(KeyRingTest, AKeyEndsWithItsTime) {
  const auto made = *store.create("a", *parse_scopes("infer"), now() + std::chrono::hours(1), now());
  clock.advance(std::chrono::minutes(59));
  EXPECT_EQ(ring->check(made.secret).kind, Kind::kGranted);
  clock.advance(std::chrono::minutes(1));
  EXPECT_EQ(ring->check(made.secret).kind, Kind::kExpired);
}

TEST_F(KeyRingTest, IsClosedWhileTheKeysCannotBeRead) {
  const auto made = *store.create("a", *parse_scopes("infer"), {}, now());
  clock.advance(KeyRing::kRefresh);
  ASSERT_EQ(ring->check(made.secret).kind, Kind::kGranted);
  auto outside = *storage::Database::open(key_file(dir.path()));
  ASSERT_TRUE(outside.execute("UPDATE api_key SET hash = 'x'"));
  clock.advance(KeyRing::kRefresh);
  EXPECT_EQ(ring->check(made.secret).kind, Kind::kUnreadable);
  EXPECT_EQ(ring->check("").kind, Kind::kUnreadable);
  EXPECT_TRUE(ring->needed());
}

}  // namespace
}  // namespace zubr::access
