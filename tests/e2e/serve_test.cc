// zubr serve and zubr keys as an operator uses them: the real program.
#include "e2e/serve_fixture.h"

namespace zubr::e2e {
namespace {

TEST_F(Serve, KeysAreMadeListedAndRevoked) {
  const Finished made = zubr({"keys", "create", "ala", "--expires", "90d"});
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_TRUE(made.out.starts_with("zubr-")) << made.out;
  EXPECT_SAYS(made.err, "shown only now");
  const Finished list = zubr({"keys", "list"});
  EXPECT_SAYS(list.out, "ala");
  EXPECT_EQ(list.out.find(made.out.substr(20, 40)), std::string::npos) << "the list must not show the key";
  EXPECT_SAYS(zubr({"keys", "list", "--json"}).out, "\"state\": \"works\"");
  EXPECT_EQ(zubr({"keys", "revoke", "ala"}).status, 0);
  EXPECT_NE(zubr({"keys", "revoke", "ala"}).status, 0);
  EXPECT_SAYS(zubr({"keys", "list"}).out, "revoked");
  EXPECT_EQ(zubr({"keys", "create", "x", "--expires", "soon"}).status, 2);
  EXPECT_EQ(zubr({"keys", "create", "x", "--scopes", "root"}).status, 2);
}

TEST_F(Serve, APublicAddressIsRefusedWithoutKeys) {
  const Finished refused = zubr({"serve", "--host", "0.0.0.0", "--port", "0"});
  EXPECT_EQ(refused.status, 2) << refused.err;
  EXPECT_SAYS(refused.err, "zubr keys create");
}

TEST_F(Serve, AsksForKeysAndLogsNoPromptNoAnswerAndNoKey) {
  std::string key = zubr({"keys", "create", "ala"}).out;
  key.pop_back();
  const auto server = serve();
  EXPECT_TRUE(chat("").starts_with("HTTP/1.1 401 ")) << chat("");
  const std::string answer =
      chat("Authorization: Bearer " + key +
           "\r\nX-Request-Id: my-id\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_SAYS(answer, "X-Request-Id: my-id");
  EXPECT_SAYS(answer, "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  server->send_signal(SIGTERM);
  const Finished ended = server->finish();
  EXPECT_EQ(ended.status, 0) << ended.err;
  const std::string log = read(path("access.jsonl"));
  EXPECT_SAYS(log, "\"request_id\":\"my-id\",\"key\":\"" + key.substr(5, 12) + "\"");
  EXPECT_SAYS(log, "\"status\":401");
  for (const std::string& text : {log, ended.err, ended.out}) {
    EXPECT_EQ(text.find("whisper"), std::string::npos) << text;
    EXPECT_EQ(text.find(key.substr(20)), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace zubr::e2e
