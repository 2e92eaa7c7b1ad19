#include "server/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

namespace zubr::server {
namespace {

using ::testing::ContainerEq;

// "GET /healthz" for every path and method of the document. Its own form of YAML is enough: paths at two spaces,
// methods at four.
std::set<std::string> documented() {
  std::ifstream file("docs/api/openapi.yaml");
  std::set<std::string> all;
  std::string line, path;
  bool in_paths = false;
  while (std::getline(file, line)) {
    if (!line.empty() && line[0] != ' ' && line[0] != '#') in_paths = line == "paths:";
    if (!in_paths || line.empty() || line.back() != ':') continue;
    if (line.starts_with("  /")) path = line.substr(2, line.size() - 3);
    for (const std::string_view method : {"get", "post", "put", "patch", "delete"}) {
      if (line != "    " + std::string(method) + ":") continue;
      std::string upper;
      for (const char c : method) upper += static_cast<char>(c - 'a' + 'A');
      all.insert(upper + " " + path);
    }
  }
  return all;
}

TEST(Routes, AreThoseOfTheDocument) {
  std::set<std::string> served;
  for (const Route& route : all_routes()) served.insert(std::string(route.method) + " " + std::string(route.pattern));
  EXPECT_EQ(served.size(), all_routes().size()) << "a route is there twice";
  EXPECT_THAT(documented(), ContainerEq(served));
}

TEST(Routes, AreFoundByMethodAndPath) {
  EXPECT_EQ(match_route("GET", "/healthz").route, &all_routes()[0]);
  EXPECT_EQ(match_route("HEAD", "/healthz").route, &all_routes()[0]);
  EXPECT_EQ(match_route("GET", "/healthz/").allow, "");
  EXPECT_EQ(match_route("GET", "/v1/models/").allow, "") << "an empty name is no name";
  EXPECT_EQ(match_route("GET", "/v1/models/org/m%20x").parameter, "org/m%20x");
  const Match wrong = match_route("DELETE", "/v1/models");
  EXPECT_EQ(wrong.route, nullptr);
  EXPECT_EQ(wrong.allow, "GET, HEAD, OPTIONS");
}

TEST(Routes, DecodePercentsStrictly) {
  std::string decoded;
  EXPECT_TRUE(percent_decode("a%20b%C5%BC/+", decoded));
  EXPECT_EQ(decoded, "a bż/+");
  for (const char* wrong : {"%", "%2", "%g0", "%ff", "%C5"}) EXPECT_FALSE(percent_decode(wrong, decoded)) << wrong;
}

}  // namespace
}  // namespace zubr::server
