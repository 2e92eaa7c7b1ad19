#include "server/gate.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace zubr::server {
namespace {

constexpr const char* kTrace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

Admission admit_get(RequestHead head, const KeyCheck& keys = {}) {
  head.method = "GET";
  if (head.target.empty()) head.target = "/v1/models";
  if (head.host.empty()) head.host = "localhost";
  return admit(head, OriginGuard({}, {"https://app.example"}, false), keys, "new-id");
}

TEST(Gate, PassesATraceThroughOnlyInItsForm) {
  EXPECT_EQ(admit_get({.traceparent = kTrace}).request.trace, kTrace);
  for (const char* wrong : {"", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"})
    EXPECT_EQ(admit_get({.traceparent = wrong}).request.trace, "") << wrong;
}

RC_GTEST_PROP(GateProperty, NoTextBecomesAHeaderLineOfItsOwn, (std::string text)) {
  const auto admission = admit_get({.request_id = text, .traceparent = text});
  for (const std::string& out : {admission.request.id, admission.request.trace})
    RC_ASSERT(out.find_first_of("\r\n") == std::string::npos);
}

RC_GTEST_PROP(GateProperty, APreflightAllowsOnlyNamesOfHeaders, (std::string asked)) {
  RequestHead head{.method = "OPTIONS",
                   .target = "/v1/models",
                   .host = "localhost",
                   .origin = "https://app.example",
                   .preflight_method = "GET",
                   .preflight_headers = asked};
  const auto answer = admit(head, OriginGuard({}, {"https://app.example"}, false), {}, "x");
  RC_ASSERT(answer.refusal.has_value());
  for (const auto& [name, value] : answer.refusal->headers) {
    RC_ASSERT(value.find_first_of("\r\n\"<>:;") == std::string::npos);
  }
}

TEST(Gate, AsksTheHostAndOriginBeforeTheKey) {
  int asked = 0;
  const KeyCheck keys = [&](std::string_view) {
    ++asked;
    return access::Verdict{.kind = access::Verdict::Kind::kMissing};
  };
  EXPECT_EQ(admit_get({.host = "evil.example"}, keys).refusal->status, 403);
  EXPECT_EQ(admit_get({.origin = "https://evil.example"}, keys).refusal->status, 403);
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(admit_get({}, keys).refusal->status, 401);
  EXPECT_EQ(asked, 1);
}

TEST(Gate, KeysThatCannotBeReadAreAReasonToTryLater) {
  const KeyCheck keys = [](std::string_view) { return access::Verdict{.kind = access::Verdict::Kind::kUnreadable}; };
  const auto refusal = admit_get({.key = "x"}, keys).refusal;
  EXPECT_EQ(refusal->status, 503);
}

}  // namespace
}  // namespace zubr::server
