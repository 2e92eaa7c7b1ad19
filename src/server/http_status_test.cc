#include "server/http_status.h"

#include <gtest/gtest.h>

#include <set>

#include "server/api_error.h"

namespace zubr::server {
namespace {

TEST(HttpStatus, HasOneRowForEveryErrorCodeAndAPhraseForEveryStatus) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    const HttpStatus& row = http_status(static_cast<ErrorCode>(code));
    EXPECT_EQ(static_cast<int>(row.error), code);
    EXPECT_NE(reason_phrase(row.status), "Unknown") << row.status;
  }
  EXPECT_EQ(kHttpStatuses.size(), static_cast<std::size_t>(ErrorCode::kInternal) + 1);
}

TEST(HttpStatus, MakesAnOpenAiErrorOfAnError) {
  const Response busy = error_response(api_error({ErrorCode::kUnavailable, "\"busy\""}));
  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(busy.body, R"({"error":{"message":"\"busy\"","type":"server_error","param":null,"code":"unavailable"}})");
  ASSERT_EQ(busy.headers.size(), 1u);
  EXPECT_EQ(busy.headers[0].first, "Retry-After");
}

}  // namespace
}  // namespace zubr::server
