// Answers in the form of each source (tests/fixtures/catalog), for tests that serve them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "catalog/update/source_client.h"
#include "core/text_file.h"
#include "net/testing/fault_server.h"

namespace zubr::catalog::testing {

inline std::string fixture(const std::string& name) {
  auto text = core::read_text_file("tests/fixtures/catalog/" + name, 1 << 20);
  EXPECT_TRUE(text) << text.error().message();
  return text.value_or("");
}

inline net::testing::Reply json_reply(std::string body, net::Headers headers = {}) {
  net::testing::Reply reply{.headers = std::move(headers), .body = std::move(body)};
  reply.headers.set("Content-Type", "application/json; charset=utf-8");
  return reply;
}

inline net::testing::Reply html_reply(std::string body) {
  return {.headers = {{"Content-Type", "text/html; charset=utf-8"}}, .body = std::move(body)};
}

// Every source on one server; anything else is a 404.
inline net::testing::Reply all_sources(const net::testing::Received& request) {
  static const std::map<std::string, std::string> kPages{
      {"/api/models", "hub_models.json"},
      {"/or/models", "openrouter_models.json"},
      {"/or/endpoints/zdr", "openrouter_zdr.json"},
      {"/or/models/meta-llama/llama-3.1-8b-instruct/endpoints", "openrouter_endpoints.json"},
      {"/library", "ollama_library.html"},
      {"/library/gemma3/tags", "ollama_tags.html"},
      {"/v2/library/nomic-embed-text/manifests/latest", "ollama_manifest.json"},
      {"/litellm.json", "litellm.json"},
      {"/models_dev.json", "models_dev.json"},
      {"/arena/leaderboard-text.json", "lmarena.json"},
      {"/arena/leaderboard-vision.json", "lmarena.json"},
      {"/arena/leaderboard-image.json", "lmarena.json"},
      {"/aider/edit_leaderboard.yml", "aider.yml"},
      {"/aider/polyglot_leaderboard.yml", "aider.yml"},
      {"/aider/refactor_leaderboard.yml", "aider.yml"},
      {"/rows", "open_llm_rows.json"},
      {"/api/datasets/allegro/klej-polemo2-in/leaderboard", "hub_leaderboard.json"},
      {"/api/datasets", "hub_datasets.json"}};
  const auto page = kPages.find(request.path());
  if (page != kPages.end() && page->second.ends_with(".html")) return html_reply(fixture(page->second));
  if (page != kPages.end()) return json_reply(fixture(page->second));
  if (request.path() == "/library/nomic-embed-text/tags" || request.path() == "/library/onlycloud/tags")
    return html_reply("<html><body>no tags</body></html>");
  return {.status = 404, .headers = {{"Content-Type", "application/json"}}, .body = "{}"};
}

inline UpdateSites sites_at(const std::string& base) {
  return {.hf = base,
          .hf_token = {},
          .openrouter = base + "/or",
          .ollama = base,
          .ollama_registry = base,
          .litellm = base + "/litellm.json",
          .models_dev = base + "/models_dev.json",
          .lmarena = base + "/arena",
          .aider = base + "/aider",
          .open_llm = base,
          .hf_models = 1000,
          .hf_datasets = 1000};
}

}  // namespace zubr::catalog::testing
