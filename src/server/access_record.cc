#include "server/access_record.h"

#include <fmt/format.h>

#include "server/json_text.h"

namespace zubr::server {

std::string_view outcome_name(Outcome outcome) {
  switch (outcome) {
    case Outcome::kComplete: return "complete";
    case Outcome::kClientGone: return "client_gone";
    case Outcome::kCancelled: return "cancelled";
    case Outcome::kFailed: return "failed";
  }
  return "unknown";
}

std::string access_line(const AccessRecord& record) {
  return fmt::format(R"({{"request_id":{},"remote":{},"method":{},"path":{},"status":{},"bytes_in":{},"bytes_out":{},)"
                     R"("first_byte_us":{},"total_us":{},"outcome":"{}"}})",
                     json_text(record.request_id), json_text(record.remote), json_text(record.method),
                     json_text(record.path), record.status, record.bytes_in, record.bytes_out,
                     record.first_byte.count(), record.total.count(), outcome_name(record.outcome));
}

}  // namespace zubr::server
