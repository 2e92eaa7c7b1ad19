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
