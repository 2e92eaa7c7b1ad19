// What is said about a request once it is over. Never the prompt, the answer or the query string.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace zubr::server {

enum class Outcome {
  kComplete,    // the whole answer left (an error answer too)
  kClientGone,  // the client went away first
  kCancelled,   // the server was stopped first
  kFailed,      // the answer broke off with an error after it had begun
};

std::string_view outcome_name(Outcome outcome);

struct AccessRecord {
  std::string request_id;
  std::string remote;  // address, without the port
  std::string method;  // empty when the request line could not be read
  std::string path;
  std::string_view route;                   // "/v1/models/{id}"; empty: none was found
  std::string key_id;                       // of the API key; empty: none was needed, or it was refused unknown
  std::string trace;                        // traceparent
  int status = 0;                           // as sent; 499 when the client went away before a status was sent
  std::int64_t bytes_in = 0;                // of the body
  std::int64_t bytes_out = 0;               // head and body
  std::chrono::microseconds first_byte{0};  // from the end of the header to the first byte of the answer; 0 = none left
  std::chrono::microseconds total{0};
  std::chrono::system_clock::time_point ended_at{};
  Outcome outcome = Outcome::kComplete;
};

// One line of JSON without a line end:
// {"time":"…","request_id":"…","remote":"…","method":"…","path":"…","status":200,…}
std::string access_line(const AccessRecord& record);

}  // namespace zubr::server
