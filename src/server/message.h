// A request and an answer as endpoints see them: plain values, no HTTP library.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace zubr::server {

struct Request {
  std::string id;         // also the answer's X-Request-Id
  std::string method;     // HEAD is handled by GET's endpoint; the connection leaves the body out
  std::string path;       // as sent, without the query
  std::string query;      // as sent, after the '?'
  std::string parameter;  // what the route's {…} stands for, percent-decoded
  std::string content_type;
  std::string key_id;  // whose key it came with; empty: keys are not asked for
  std::string client;  // key_id, or the address it came from: whom a busy backend serves in turn
  std::string trace;   // the W3C traceparent it came with, and goes out with; empty: none, or not in its form
  std::string body;
};

using HeaderLines = std::vector<std::pair<std::string, std::string>>;  // names and values of our own making: no CR, LF

// The first part of a streamed answer.
struct ResponseHead {
  int status = 200;
  std::string content_type = "application/json";
  HeaderLines headers;
};

struct Response : ResponseHead {
  std::string body;
};

}  // namespace zubr::server
