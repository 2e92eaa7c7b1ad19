// Server-sent events, as a stream of bytes becomes a list of events (WHATWG HTML, section 9.2.6): "data:" lines are
// joined, comments and unknown fields are skipped, lines end in LF, CR or CRLF wherever the pieces were cut.
//
// A value without threads. Failure: kTooLarge for an event over the limit; nothing else can be wrong with the form.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace zubr::net {

struct SseEvent {
  std::string name;  // of an "event:" line; empty: "message"
  std::string data;
};

class SseParser {
 public:
  explicit SseParser(std::size_t max_event_bytes = 1 << 20) : max_(max_event_bytes) {}

  // The events that are complete now. An event without data is none.
  Result<std::vector<SseEvent>> feed(std::string_view bytes);
  // What stands after the last empty line. The standard drops it; some servers forget the last newline.
  Result<std::vector<SseEvent>> finish();

 private:
  void end_line(std::vector<SseEvent>& out);
  void field(std::string_view line);

  std::size_t max_;
  std::string line_;
  SseEvent event_;
  bool has_data_ = false;
  bool after_cr_ = false;
  bool at_start_ = true;
};

}  // namespace zubr::net
