#include "server/responses/response_store.h"

#include <gtest/gtest.h>

#include "core/temp_dir.h"

namespace zubr::server {
namespace {

StoredResponse response(std::string id, std::string owner = "") {
  return {
      .id = std::move(id), .owner = std::move(owner), .previous_id = "p", .body = "{}", .input = "[]", .created = 5};
}

TEST(ResponseStore, KeepsResponsesAcrossRestarts) {
  const core::TempDir dir;
  ASSERT_TRUE((*ResponseStore::open(dir.path() / "r.db"))->put(response("a")));
  const auto found = *(*ResponseStore::open(dir.path() / "r.db"))->find("a", "");
  EXPECT_EQ(found.previous_id, "p");
  EXPECT_EQ(found.created, 5);
}

TEST(ResponseStore, ShowsAResponseToItsOwnerOnly) {
  const auto store = *ResponseStore::open({});
  ASSERT_TRUE(store->put(response("a", "k")));
  EXPECT_TRUE(store->find("a", "k"));
  EXPECT_EQ(store->find("a", "").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store->remove("a", "j").error().code(), ErrorCode::kNotFound);
  EXPECT_TRUE(store->remove("a", "k"));
  EXPECT_EQ(store->find("a", "k").error().code(), ErrorCode::kNotFound);
}

TEST(ResponseStore, ForgetsTheOldest) {
  const auto store = *ResponseStore::open({}, 3);
  for (const char* id : {"a", "b", "c", "d"}) ASSERT_TRUE(store->put(response(id)));
  EXPECT_FALSE(store->find("a", ""));
  for (const char* id : {"b", "c", "d"}) EXPECT_TRUE(store->find(id, "")) << id;
}

}  // namespace
}  // namespace zubr::server
