#include "models/model_ref.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "models/model_store.h"

namespace zubr::models {
namespace {

const std::string kHex(64, 'a');

TEST(ModelRef, ReadsEveryWayToWriteOne) {
  const Digest digest = *Digest::parse(kHex);
  const std::vector<std::pair<std::string, ModelRef>> table = {
      {"llama3.1:8b", RegistryRef{"", "library/llama3.1", "8b", {}}},
      {"llama3.1", RegistryRef{"", "library/llama3.1", "latest", {}}},
      {"mistral:7b-instruct-v0.3-q4_K_M", RegistryRef{"", "library/mistral", "7b-instruct-v0.3-q4_K_M", {}}},
      {"SpeakLeash/bielik-11b-v2.3-instruct:Q4_K_M",
       RegistryRef{"", "SpeakLeash/bielik-11b-v2.3-instruct", "Q4_K_M", {}}},
      {"registry.ollama.ai/library/gemma:2b", RegistryRef{"registry.ollama.ai", "library/gemma", "2b", {}}},
      {"localhost:5000/ns/tiny:v1", RegistryRef{"localhost:5000", "ns/tiny", "v1", {}}},
      {"localhost:5000/tiny", RegistryRef{"localhost:5000", "tiny", "latest", {}}},
      {"oci://Ghcr.io/a/b/c:1.0", RegistryRef{"ghcr.io", "a/b/c", "1.0", {}}},
      {"oci://127.0.0.1:5000/tiny", RegistryRef{"127.0.0.1:5000", "tiny", "latest", {}}},
      {"llama3.1@sha256:" + kHex, RegistryRef{"", "library/llama3.1", "latest", digest}},
      {"https://ollama.com/library/llama3.1:8b", RegistryRef{"", "library/llama3.1", "8b", {}}},
      {"hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF", HubRef{"bartowski/Llama-3.2-1B-Instruct-GGUF", "main", ""}},
      {"hf.co/user/repo:Q8_0", HubRef{"user/repo", "main", "Q8_0"}},
      {"huggingface.co/user/repo:sub/file.gguf", HubRef{"user/repo", "main", "sub/file.gguf"}},
      {"https://huggingface.co/user/repo", HubRef{"user/repo", "main", ""}},
      {"https://huggingface.co/user/repo/blob/main/x-Q4_0.gguf", HubRef{"user/repo", "main", "x-Q4_0.gguf"}},
      {"https://huggingface.co/user/repo/resolve/v2/d/x.gguf?download=true", HubRef{"user/repo", "v2", "d/x.gguf"}},
      {"https://example.com/a/b.gguf?sig=1", UrlRef{"https://example.com/a/b.gguf?sig=1"}},
      {"file:/models/a b.gguf", FileRef{"/models/a b.gguf"}},
      {"file:///models/a.gguf", FileRef{"/models/a.gguf"}},
      {"file:a.gguf", FileRef{"a.gguf"}},
  };
  for (const auto& [text, expected] : table) {
    const auto ref = parse_model_ref(text);
    ASSERT_TRUE(ref) << text << ": " << ref.error().message();
    EXPECT_TRUE(*ref == expected) << text << " became " << ref_text(*ref);
  }
}

TEST(ModelRef, RefusesHostileAndBrokenNames) {
  for (const std::string& text : {std::string(),
                                  std::string("../etc/passwd"),
                                  std::string("a/../b"),
                                  std::string("library/..:latest"),
                                  std::string("a:../../x"),
                                  std::string("a b"),
                                  std::string("a\nb"),
                                  std::string("a\0b", 3),
                                  std::string("/etc/passwd"),
                                  std::string("-rf"),
                                  std::string(".hidden"),
                                  std::string("a//b"),
                                  std::string("a/"),
                                  std::string(":tag"),
                                  std::string("name:"),
                                  std::string("x:y:z"),
                                  std::string("ns/a/b/c"),
                                  std::string("a/b/c"),
                                  std::string("host.example/a/b/c/d"),
                                  std::string("http://"),
                                  std::string("https://example.com/page.html"),
                                  std::string("https://user:pw@example.com/a.gguf"),
                                  std::string("ftp://example.com/a.gguf"),
                                  std::string("file:"),
                                  std::string("file://host/share/a.gguf"),
                                  std::string("hf.co/user"),
                                  std::string("hf.co/user/repo/x"),
                                  std::string("hf.co/user/repo:../../../etc/passwd"),
                                  std::string("hf.co/../repo"),
                                  std::string("hf.co/user/repo:"),
                                  std::string("https://huggingface.co/user/repo/blob/main/../../x.gguf/../y"),
                                  std::string("oci://"),
                                  std::string("oci://host"),
                                  std::string("oci://ho st/a"),
                                  std::string("oci://host:port/a"),
                                  std::string("oci://host/a/../b"),
                                  "a@" + kHex,
                                  std::string("a@sha256:123"),
                                  "a@md5:" + kHex,
                                  std::string("żubr"),
                                  std::string(2000, 'a'),
                                  "n:" + std::string(200, 't'),
                                  std::string("%2e%2e/x"),
                                  std::string("a\\b"),
                                  std::string("a?b"),
                                  std::string("a#b")}) {
    const auto ref = parse_model_ref(text);
    ASSERT_FALSE(ref) << text << " became " << ref_text(*ref);
    EXPECT_EQ(ref.error().code(), ErrorCode::kInvalidArgument) << text;
  }
}

TEST(ModelRef, WritesAFullFormThatMeansTheSame) {
  for (const char* text : {"llama3.1:8b", "ns/m", "oci://h.example/a/b/c:1", "hf.co/u/r:Q8_0", "hf.co/u/r/tree/v2",
                           "file:/a.gguf", "https://example.com/b.gguf"}) {
    const auto ref = parse_model_ref(text);
    ASSERT_TRUE(ref) << text;
    const auto again = parse_model_ref(ref_text(*ref));
    ASSERT_TRUE(again) << ref_text(*ref) << ": " << again.error().message();
    EXPECT_TRUE(*again == *ref) << ref_text(*ref);
  }
}

TEST(ModelRef, NamesAModelAsPeopleWouldCallIt) {
  const auto name = [](const char* text, const char* quantization = "") {
    return default_name(*parse_model_ref(text), quantization);
  };
  EXPECT_EQ(name("llama3.1:8b"), "llama3.1:8b");
  EXPECT_EQ(name("llama3.1"), "llama3.1");
  EXPECT_EQ(name("SpeakLeash/Bielik:Q4_K_M"), "bielik:q4_k_m");
  EXPECT_EQ(name("hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF", "Q4_K_M"), "llama-3.2-1b-instruct:q4_k_m");
  EXPECT_EQ(name("https://example.com/x/Tiny_Talk.gguf?sig=1"), "tiny_talk");
  EXPECT_EQ(name("file:/models/ża b.gguf"), "a-b");
}

RC_GTEST_PROP(ModelRef, WhateverIsAcceptedIsNoPathOutAndHasAValidName, ()) {
  const auto text = *rc::gen::container<std::string>(
      rc::gen::element('a', 'Z', '0', '.', '/', ':', '-', '_', '@', ' ', '%', '\\', '?'));
  for (const std::string& candidate : {text, "hf.co/" + text, "oci://" + text, "hf.co/u/r:" + text}) {
    const auto ref = parse_model_ref(candidate);
    if (!ref) continue;
    RC_ASSERT(check_model_name(default_name(*ref, "")).has_value());
    std::string parts;
    if (const auto* registry = std::get_if<RegistryRef>(&*ref)) parts = registry->repository + "/" + registry->tag;
    if (const auto* hub = std::get_if<HubRef>(&*ref))
      parts = hub->repository + "/" + hub->revision + "/" + hub->selector;
    RC_ASSERT(parts.find("..") == std::string::npos);
    RC_ASSERT(parts.find_first_of(" %\\?@") == std::string::npos);
    RC_ASSERT(!parts.starts_with('/'));
  }
}

}  // namespace
}  // namespace zubr::models
