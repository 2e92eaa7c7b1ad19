#include "access/key_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "core/temp_dir.h"

namespace zubr::access {
namespace {

using std::chrono::hours;
using std::chrono::sys_seconds;

constexpr sys_seconds kNow{std::chrono::seconds(1'780'000'000)};
constexpr Scopes kInfer = static_cast<Scopes>(Scope::kInfer);

struct KeyStoreTest : testing::Test {
  core::TempDir dir;
};

TEST_F(KeyStoreTest, KeepsWhatWasMadeAcrossOpenings) {
  std::string id;
  {
    auto store = *KeyStore::open(dir.path());
    id = store.create("ala's laptop", kInfer, kNow + hours(1), kNow)->record.id;
  }
  const auto keys = *KeyStore::open(dir.path())->list();
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_EQ(keys[0].id, id);
  EXPECT_EQ(keys[0].name, "ala's laptop");
  EXPECT_EQ(keys[0].expires, kNow + hours(1));
  EXPECT_FALSE(keys[0].revoked);
}

TEST_F(KeyStoreTest, NoFileHoldsTheSecret) {
  auto store = *KeyStore::open(dir.path());
  const auto made = *store.create("a", kInfer, {}, kNow);
  const std::string secret = made.secret.substr(5 + 12 + 1);
  int files = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(dir.path())) {
    std::ifstream in(file.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(bytes.find(secret), std::string::npos) << file.path();
    files += bytes.find(made.record.id) != std::string::npos;
  }
  EXPECT_GT(files, 0) << "the test looked in no file that has the key";
}

TEST_F(KeyStoreTest, OnlyTheOwnerMayReadTheFile) {
  auto store = *KeyStore::open(dir.path());
  struct stat facts {};
  ASSERT_EQ(::stat(key_file(dir.path()).c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

TEST_F(KeyStoreTest, RevokesByIdOrByANameThatIsUnique) {
  auto store = *KeyStore::open(dir.path());
  const auto one = *store.create("a", kInfer, {}, kNow);
  const auto two = *store.create("a", kInfer, {}, kNow);
  EXPECT_EQ(store.revoke("a", kNow).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(store.revoke("nobody", kNow).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store.revoke(one.record.id, kNow)->revoked, kNow);
  EXPECT_EQ(store.revoke(one.record.id, kNow).error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(store.revoke("a", kNow)->id, two.record.id);
  const auto keys = *store.list();
  for (const auto& key : keys) EXPECT_TRUE(key.revoked);
}

TEST_F(KeyStoreTest, RefusesNamesThatSayNothingAndExpiryInThePast) {
  auto store = *KeyStore::open(dir.path());
  for (const auto& name : {std::string(), std::string(101, 'a'), std::string("a\nb")})
    EXPECT_EQ(store.create(name, kInfer, {}, kNow).error().code(), ErrorCode::kInvalidArgument) << name;
  EXPECT_EQ(store.create("a", kInfer, kNow, kNow).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(store.list()->empty());
}

TEST_F(KeyStoreTest, AFileThatIsNoneIsAnErrorAndStays) {
  std::ofstream(key_file(dir.path())) << std::string(5'000, 'x');
  EXPECT_EQ(KeyStore::open(dir.path()).error().code(), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace zubr::access
