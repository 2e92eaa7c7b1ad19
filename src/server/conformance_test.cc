// Runs the cases of tests/conformance/api/*.http against a server over the FakeBackend, whose answer is known.
//
//   ### The name of the case
//   POST /v1/chat/completions
//   Header: value
//
//   the body, as it is sent
//
//   --> 400
//   Allow: POST
//
//   {"error": {"param": "messages"}}
//
// What is expected of the body is a part of it: fields that are not named may be anything; arrays have as many
// elements;
// "<string>", "<integer>" and "<number>" stand for any. Lines `data: …` are the events of a stream, all of them;
// lines `line: …` are those of an answer that is a list of JSON objects.
// In what is sent, <5000 x> is the letter x so many times.
#include <boost/json.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "inference/fake_backend.h"
#include "server/server.h"
#include "server/testing/fake_shelf.h"
#include "server/testing/http_client.h"

namespace zubr::server {
namespace {

namespace json = boost::json;
using testing::Answer;
using testing::Client;

struct Case {
  std::string name;
  std::string request_line;
  std::vector<std::string> request_headers;
  std::string request_body;
  int status = 0;
  std::vector<std::string> headers;
  std::string body;
};

// "" when `actual` holds everything that `expected` names, else where it does not.
std::string difference(const json::value& expected, const json::value& actual, const std::string& path) {
  if (expected == "<string>") return actual.is_string() ? "" : path + " is not a string";
  if (expected == "<integer>") return actual.is_int64() ? "" : path + " is not an integer";
  if (expected == "<number>") return actual.is_number() ? "" : path + " is not a number";
  if (const json::object* object = expected.if_object()) {
    if (!actual.is_object()) return path + " is not an object";
    for (const auto& [name, value] : *object) {
      const json::value* found = actual.get_object().if_contains(name);
      const std::string here = path + "." + std::string(name);
      if (!found) return here + " is missing";
      if (auto deeper = difference(value, *found, here); !deeper.empty()) return deeper;
    }
    return "";
  }
  if (const json::array* array = expected.if_array()) {
    if (!actual.is_array() || actual.get_array().size() != array->size())
      return path + " has another number of elements";
    for (std::size_t i = 0; i < array->size(); ++i) {
      const std::string here = path + "[" + std::to_string(i) + "]";
      if (auto deeper = difference((*array)[i], actual.get_array()[i], here); !deeper.empty()) return deeper;
    }
    return "";
  }
  return expected == actual ? "" : path + " is " + json::serialize(actual) + ", not " + json::serialize(expected);
}

void strip_end(std::string& text) {
  while (text.ends_with('\n')) text.pop_back();
}

// "<3 x>" → "xxx".
void expand(std::string& text) {
  for (std::size_t at = 0; (at = text.find('<', at)) != std::string::npos; ++at) {
    const std::size_t end = text.find('>', at);
    if (end == std::string::npos || end < at + 4 || text[end - 2] != ' ') continue;
    const std::string count = text.substr(at + 1, end - at - 3);
    if (count.find_first_not_of("0123456789") != std::string::npos) continue;
    text.replace(at, end + 1 - at, std::string(std::stoul(count), text[end - 1]));
  }
}

std::vector<Case> read_cases(const std::filesystem::path& file) {
  enum class Part { kNone, kStart, kRequestHeaders, kRequestBody, kHeaders, kBody } part = Part::kNone;
  std::vector<Case> cases;
  std::ifstream input(file);
  for (std::string line; std::getline(input, line);) {
    if (line.starts_with("### ")) {
      cases.emplace_back().name = line.substr(4);
      part = Part::kStart;
    } else if (part == Part::kNone) {
      continue;  // comments before the first case
    } else if (line.starts_with("--> ")) {
      cases.back().status = std::stoi(line.substr(4));
      part = Part::kHeaders;
    } else if (part == Part::kStart) {
      cases.back().request_line = line;
      part = Part::kRequestHeaders;
    } else if (part == Part::kRequestHeaders || part == Part::kHeaders) {
      auto& headers = part == Part::kHeaders ? cases.back().headers : cases.back().request_headers;
      if (!line.empty())
        headers.push_back(line);
      else
        part = part == Part::kHeaders ? Part::kBody : Part::kRequestBody;
    } else {
      (part == Part::kBody ? cases.back().body : cases.back().request_body) += line + "\n";
    }
  }
  for (Case& one : cases) {
    strip_end(one.body);
    strip_end(one.request_body);
    expand(one.request_body);
  }
  return cases;
}

std::string request_bytes(const Case& one) {
  std::string bytes = one.request_line + " HTTP/1.1\r\n";
  bool has_host = false;
  for (const auto& header : one.request_headers) {
    bytes += header + "\r\n";
    has_host = has_host || header.starts_with("Host:");
  }
  if (!has_host) bytes += "Host: localhost\r\n";
  if (!one.request_body.empty()) bytes += "Content-Length: " + std::to_string(one.request_body.size()) + "\r\n";
  return bytes + "\r\n" + one.request_body;
}

std::string body_difference(const std::string& expected, const std::string& actual, const std::string& path) {
  boost::system::error_code error;
  const json::value wanted = json::parse(expected, error);
  if (error) return expected == actual ? "" : path + " is " + actual;  // [DONE]
  const json::value found = json::parse(actual, error);
  return error ? path + " is not JSON: " + actual : difference(wanted, found, path);
}

std::vector<std::string> lines_with(const std::string& text, std::string_view prefix) {
  std::vector<std::string> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(prefix)) found.push_back(line.substr(prefix.size()));
  }
  return found;
}

void check_events(const Case& one, const Answer& answer) {
  const bool lines = one.body.starts_with("line: ");
  const auto wanted = lines_with(one.body, lines ? "line: " : "data: ");
  const auto events = lines_with(answer.body, lines ? "" : "data: ");
  ASSERT_EQ(events.size(), wanted.size()) << answer.body;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    EXPECT_EQ(body_difference(wanted[i], events[i], "event " + std::to_string(i)), "");
}

void check(const Case& one, const Answer& answer) {
  EXPECT_EQ(answer.status, one.status) << answer.body;
  for (const auto& header : one.headers) {
    const auto colon = header.find(": ");
    std::string name = header.substr(0, colon);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    EXPECT_EQ(answer.header(name), header.substr(colon + 2)) << name;
  }
  if (one.body.starts_with("data: ") || one.body.starts_with("line: ")) {
    check_events(one, answer);
  } else if (!one.body.empty()) {
    EXPECT_EQ(body_difference(one.body, answer.body, "body"), "");
  }
}

TEST(Conformance, EveryCaseIsAnsweredAsWritten) {
  inference::FakeBackend backend;
  ServerOptions options;
  options.shelf = std::make_shared<testing::FakeShelf>();
  options.version = "1.2.3";
  const auto server = Server::start(options, backend);
  ASSERT_TRUE(server.has_value());
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("tests/conformance/api")) {
    if (entry.path().extension() != ".http") continue;
    for (const Case& one : read_cases(entry.path())) {
      SCOPED_TRACE(entry.path().filename().string() + ": " + one.name);
      ASSERT_NE(one.status, 0) << "a case without an expected status";
      Client client((*server)->port());
      client.send(request_bytes(one));
      check(one, client.read(one.request_line.starts_with("HEAD ")));
      ++count;
    }
  }
  EXPECT_GT(count, 180);
}

TEST(Conformance, SeesADifference) {
  const auto differs = [](const char* expected, const char* actual) {
    return difference(json::parse(expected), json::parse(actual), "");
  };
  EXPECT_EQ(differs(R"({"a":[1,{"b":"<string>"}]})", R"({"a":[1,{"b":"x","c":2}],"d":3})"), "");
  EXPECT_EQ(differs(R"({"a":1})", R"({"a":2})"), ".a is 2, not 1");
  EXPECT_EQ(differs(R"({"a":null})", R"({})"), ".a is missing");
  EXPECT_EQ(differs(R"([1])", R"([1,2])"), " has another number of elements");
  EXPECT_EQ(differs(R"("<integer>")", R"("x")"), " is not an integer");
}

}  // namespace
}  // namespace zubr::server
