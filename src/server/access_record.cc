#include "server/access_record.h"

#include <fmt/format.h>

#include <ctime>

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

namespace {

// "2026-01-31T23:59:59.123Z" (RFC 3339).
std::string time_text(std::chrono::system_clock::time_point time) {
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const std::time_t seconds = static_cast<std::time_t>(since / 1'000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min, utc.tm_sec, since % 1'000);
}

}  // namespace

std::string access_line(const AccessRecord& record) {
  std::string who;
  if (!record.key_id.empty()) who += fmt::format(R"("key":{},)", json_text(record.key_id));
  if (!record.trace.empty()) who += fmt::format(R"("traceparent":{},)", json_text(record.trace));
  return fmt::format(R"({{"time":"{}","request_id":{},{}"remote":{},"method":{},"path":{},"status":{},"bytes_in":{},)"
                     R"("bytes_out":{},"first_byte_us":{},"total_us":{},"outcome":"{}"}})",
                     time_text(record.ended_at), json_text(record.request_id), who, json_text(record.remote),
                     json_text(record.method), json_text(record.path), record.status, record.bytes_in, record.bytes_out,
                     record.first_byte.count(), record.total.count(), outcome_name(record.outcome));
}

}  // namespace zubr::server
