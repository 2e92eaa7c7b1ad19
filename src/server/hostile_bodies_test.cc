// Whatever bytes a body has, reading it ends in a request or an error.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "server/anthropic/message_request.h"
#include "server/classify/classify_request.h"
#include "server/llama_server/completion_fields.h"
#include "server/openai/completion_request.h"
#include "server/openai/embedding_request.h"

namespace zubr::server {
namespace {

void read_by_all(const std::string& body) {
  const ServerLimits limits;
  (void)anthropic::parse_message_request(body, limits, false);
  (void)parse_classify_request(body, limits);
  (void)llama_server::parse_completion(body, limits);
  (void)llama_server::parse_tokenize(body, limits);
  (void)llama_server::parse_detokenize(body, limits);
  (void)openai::parse_completion_request(body, limits);
  (void)openai::parse_embedding_request(body, limits);
}

RC_GTEST_PROP(HostileBodies, MayBeAnything, (const std::string& bytes)) { read_by_all(bytes); }

RC_GTEST_PROP(HostileBodies, MayHaveAnyByteAnywhere, (std::uint8_t value)) {
  std::string body =
      R"({"model":"m","max_tokens":5,"system":[{"type":"text","text":"s"}],"messages":[{"role":"user","content":)"
      R"([{"type":"tool_result","tool_use_id":"1","content":"x"}]},{"role":"assistant","content":[{"type":"tool_use",)"
      R"("id":"1","name":"f","input":{"a":[1]}}]},{"role":"user","content":"u"}],"tools":[{"name":"f",)"
      R"("input_schema":{}}],"tool_choice":{"type":"tool","name":"f"},"prompt":[[1,"a"],"b"],"logit_bias":[[1,false]],)"
      R"("input":["a"],"labels":["x",{"label":"y"}],"tokens":[1,2],"content":"c","n_probs":3})";
  const auto at = *rc::gen::inRange<std::size_t>(0, body.size());
  body[at] = static_cast<char>(value);
  read_by_all(body);
  read_by_all(body.substr(0, at));
}

}  // namespace
}  // namespace zubr::server
