#include "server/response_head.h"

#include <fmt/format.h>

#include <ctime>
#include <iterator>

#include "server/http_status.h"

namespace zubr::server {
namespace {

// RFC 9110 5.6.7, "Sun, 06 Nov 1994 08:49:37 GMT"; made once a second and thread.
const std::string& http_date() {
  thread_local std::time_t made_at = 0;
  thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now == made_at) return text;
  constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm utc{};
  gmtime_r(&now, &utc);
  text = fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[utc.tm_wday], utc.tm_mday, kMonths[utc.tm_mon],
                     utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  made_at = now;
  return text;
}

}  // namespace

std::string response_head(const ResponseHead& head, const HeadFacts& facts) {
  std::string out;
  out.reserve(384);
  const auto into = std::back_inserter(out);
  fmt::format_to(into, "HTTP/1.1 {} {}\r\nDate: {}\r\nX-Request-Id: {}\r\nX-Content-Type-Options: nosniff\r\n",
                 head.status, reason_phrase(head.status), http_date(), facts.request_id);
  if (!facts.trace.empty()) fmt::format_to(into, "traceparent: {}\r\n", facts.trace);
  if (head.status != 204) {
    fmt::format_to(into, "Content-Type: {}\r\n", head.content_type);
    if (facts.content_length)
      fmt::format_to(into, "Content-Length: {}\r\n", *facts.content_length);
    else if (!facts.http10)
      out += "Transfer-Encoding: chunked\r\n";
  }
  if (!facts.keep_alive)
    out += "Connection: close\r\n";
  else if (facts.http10)
    out += "Connection: keep-alive\r\n";
  if (!facts.cors_origin.empty())
    fmt::format_to(
        into,
        "Access-Control-Allow-Origin: {}\r\nAccess-Control-Expose-Headers: X-Request-Id, Retry-After, traceparent\r\n"
        "Vary: Origin\r\n",
        facts.cors_origin);
  for (const auto& [name, value] : head.headers) fmt::format_to(into, "{}: {}\r\n", name, value);
  out += "\r\n";
  return out;
}

void append_chunk(std::string& out, std::string_view bytes) {
  if (bytes.empty()) return;  // an empty chunk would end the body
  fmt::format_to(std::back_inserter(out), "{:x}\r\n", bytes.size());
  out.append(bytes).append("\r\n");
}

}  // namespace zubr::server
