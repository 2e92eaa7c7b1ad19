// The response object of /v1/responses and the events of its stream
// (platform.openai.com/docs/api-reference/responses-streaming).
#pragma once

#include <boost/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>

#include "inference/generation.h"

namespace zubr::server::openai {

struct ResponseFacts {
  std::string id;            // "resp_…"
  std::int64_t created = 0;  // Unix time in seconds
  std::string model;
  boost::json::object echo;  // ResponseRequest::echo
};

// One answer, piece by piece or at once; it keeps the ids of its items, so that both forms are the same.
class ResponseWriter {
 public:
  explicit ResponseWriter(ResponseFacts facts) : facts_(std::move(facts)) {}

  // The events that this one makes, as text ready to be sent. The first piece is preceded by created and in_progress.
  std::string begin();
  std::string event(const inference::Event& event);
  // Closes what is open. Afterwards object() is the whole response.
  std::string finish(const inference::Generation& generation);
  // The same object without the events.
  void set(const inference::Generation& generation);

  const boost::json::object& object() const { return object_; }
  const std::string& id() const { return facts_.id; }

 private:
  enum class Open { kNothing, kThought, kText, kCall };

  std::string say(std::string_view type, boost::json::object fields);
  std::string open(Open what, const inference::ToolCall& call = {});
  std::string close();
  boost::json::object base(std::string_view status) const;
  boost::json::object where() const;  // item_id and output_index of the open item

  const ResponseFacts facts_;
  boost::json::object object_;
  boost::json::array output_;
  Open open_ = Open::kNothing;
  std::string item_id_;
  std::string text_;
  inference::ToolCall call_;
  int open_call_ = -1;
  std::int64_t sequence_ = 0;
};

}  // namespace zubr::server::openai
