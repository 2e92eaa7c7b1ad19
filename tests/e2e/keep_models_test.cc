// Keeping models with the real program: create, list, show, cp, rm, export, verify, quantize, and what Ollama has.
#include "e2e/zubr_test.h"

namespace zubr::e2e {
namespace {

class KeepModels : public ZubrTest {
 protected:
  void SetUp() override {
    ZubrTest::SetUp();
    if (IsSkipped()) return;
    if (zubr({"show", "built-in"}).status != 0) GTEST_SKIP() << "a build without a built-in model";
  }
};

TEST_F(KeepModels, AModelfileMakesAModelThatAnswersByIt) {
  write("Modelfile",
        "FROM built-in\nSYSTEM \"\"\"Answer\nbriefly.\"\"\"\nPARAMETER num_predict 3\nPARAMETER temperature 0\n"
        "TEMPLATE {{ .System }} {{ .Prompt }}\n");
  const Finished made = zubr({"create", "brief", "-f", "Modelfile"});
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_SAYS(made.err, "zubr run brief");
  const Finished shown = zubr({"show", "brief", "--modelfile"});
  ASSERT_EQ(shown.status, 0) << shown.err;
  EXPECT_SAYS(shown.out, "SYSTEM \"\"\"Answer\nbriefly.\"\"\"\nPARAMETER num_predict 3\n");
  EXPECT_SAYS(zubr({"show", "brief", "--json"}).out, "\"system\": \"Answer\\nbriefly.\"");
  EXPECT_SAYS(zubr({"list"}).out, "brief");
  const Finished answer = zubr({"run", "brief", "hello", "--no-progress"});
  ASSERT_EQ(answer.status, 0) << answer.err;
  const Finished longer =
      zubr({"run", "built-in", "hello", "--no-progress", "--temperature", "0", "--max-tokens", "40"});
  ASSERT_EQ(longer.status, 0) << longer.err;
  EXPECT_LT(answer.out.size(), longer.out.size()) << answer.out << longer.out;  // num_predict

  write("again", shown.out);
  ASSERT_EQ(zubr({"create", "again", "-f", "again"}).status, 0);
  EXPECT_EQ(zubr({"create", "again", "-f", "again"}).status,
            zubr({"cp", "brief", "again"}).status);  // the name is taken
  EXPECT_NE(zubr({"create", "again", "-f", "again"}).status, 0);
}

TEST_F(KeepModels, ABadModelfileIsRefusedWithItsLine) {
  const std::pair<std::string, std::string> cases[] = {{"FROM built-in\nFORM x\n", "line 2: 'FORM'"},
                                                       {"SYSTEM x\n", "needs one FROM"},
                                                       {"FROM none\n", "zubr pull none"},
                                                       {"FROM built-in\nPARAMETER tempreature 1\n", "temperature?"},
                                                       {"FROM built-in\nADAPTER none.gguf\n", "none.gguf"}};
  for (const auto& [text, said] : cases) {
    const Finished made = zubr({"create", "bad", "-f", "-"}, text);
    EXPECT_NE(made.status, 0) << text;
    EXPECT_SAYS(made.err, said);
  }
  EXPECT_EQ(zubr({"list", "--names"}).out, "built-in\n");
}

TEST_F(KeepModels, NamesShareFilesUntilTheLastOneGoes) {
  ASSERT_EQ(zubr({"cp", "built-in", "one"}).status, 0);
  ASSERT_EQ(zubr({"cp", "one", "two"}).status, 0);
  EXPECT_NE(zubr({"cp", "two", "one"}).status, 0);
  const auto blobs = [&] {
    return std::distance(std::filesystem::directory_iterator(path("home/blobs")), {}) -
           3;  // partial, references, garbage.lock
  };
  EXPECT_EQ(blobs(), 1);
  ASSERT_EQ(zubr({"rm", "one"}).status, 0);
  EXPECT_EQ(blobs(), 1);
  const Finished removed = zubr({"rm", "two"});
  EXPECT_SAYS(removed.err, "freed");
  EXPECT_EQ(blobs(), 0);
  EXPECT_NE(zubr({"rm", "two"}).status, 0);
  EXPECT_NE(zubr({"rm", "built-in"}).status, 0);
}

TEST_F(KeepModels, DamageIsFoundAndSaid) {
  ASSERT_EQ(zubr({"cp", "built-in", "mine"}).status, 0);
  EXPECT_EQ(zubr({"verify"}).status, 0);
  std::filesystem::path blob;
  for (const auto& entry : std::filesystem::directory_iterator(path("home/blobs")))
    if (entry.path().filename().string().starts_with("sha256-")) blob = entry.path();
  ASSERT_FALSE(blob.empty());
  std::string bytes = read(blob);
  bytes[bytes.size() - 1] ^= 1;
  std::ofstream(blob, std::ios::binary) << bytes;
  const Finished found = zubr({"verify", "mine"});
  EXPECT_NE(found.status, 0);
  EXPECT_SAYS(found.out, "broken");
  EXPECT_SAYS(found.err, "its sha256 is");
  EXPECT_NE(zubr({"verify", "mine", "--remove"}).status, 0);
  EXPECT_FALSE(std::filesystem::exists(blob));
}

TEST_F(KeepModels, AnExportedFolderMakesTheModelAgain) {
  ASSERT_EQ(zubr({"create", "brief", "-f", "-"}, "FROM built-in\nSYSTEM x\n").status, 0);
  ASSERT_EQ(zubr({"export", "brief", "out.gguf"}).status, 0);
  EXPECT_TRUE(read(path("out.gguf")).starts_with("GGUF"));
  ASSERT_EQ(zubr({"export", "brief", "folder/"}).status, 0);
  ASSERT_EQ(zubr({"create", "again", "-f", "folder/Modelfile"}).status, 0);
  EXPECT_SAYS(zubr({"show", "again"}).out, path("folder/brief.gguf").string());
}

TEST_F(KeepModels, QuantizesToANameOrAFile) {
  EXPECT_SAYS(zubr({"quantize", "--list"}).out, "Q4_K_M");
  const Finished made = zubr({"quantize", "built-in", "q8_0", "-o", "small", "--no-progress"});
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_SAYS(zubr({"list"}).out, "Q8_0");
  ASSERT_EQ(zubr({"quantize", "small", "Q5_0", "-o", "x.gguf", "--no-progress"}).status, 0);
  EXPECT_EQ(zubr({"run", "./x.gguf", "hi", "--max-tokens", "2", "--no-progress"}).status, 0);
  EXPECT_NE(zubr({"quantize", "small", "Q5_0", "-o", "x.gguf"}).status, 0);  // it is there
  const Finished wrong = zubr({"quantize", "small", "Q9_Z", "-o", "y.gguf"});
  EXPECT_NE(wrong.status, 0);
  EXPECT_SAYS(wrong.err, "there is no quantization 'Q9_Z'");
  EXPECT_FALSE(std::filesystem::exists(path("y.gguf")));
  EXPECT_EQ(zubr({"verify"}).status, 0);
}

TEST_F(KeepModels, WhatOllamaHasIsShared) {
  ASSERT_EQ(zubr({"export", "built-in", "built-in.gguf"}).status, 0);
  ASSERT_EQ(zubr({"cp", "built-in", "mine"}).status, 0);
  std::string name;
  for (const auto& entry : std::filesystem::directory_iterator(path("home/blobs")))
    if (entry.path().filename().string().starts_with("sha256-")) name = entry.path().filename().string();
  ASSERT_EQ(zubr({"rm", "mine"}).status, 0);
  std::filesystem::create_directories(path(".ollama/models/blobs"));
  std::filesystem::create_directories(path(".ollama/models/manifests/registry.ollama.ai/library/tiny"));
  std::filesystem::rename(path("built-in.gguf"), path(".ollama/models/blobs") / name);
  const std::string digest = "sha256:" + name.substr(7);
  const auto size = std::filesystem::file_size(path(".ollama/models/blobs") / name);
  write(".ollama/models/manifests/registry.ollama.ai/library/tiny/latest",
        "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"x\",\"digest\":\"" + digest +
            "\",\"size\":2},\"layers\":[{"
            "\"mediaType\":\"application/vnd.ollama.image.model\",\"digest\":\"" +
            digest + "\",\"size\":" + std::to_string(size) + "}]}");
  EXPECT_SAYS(zubr({"list", "--from-ollama"}).out, "tiny:latest");
  const Finished pulled = zubr({"pull", "tiny", "--from-ollama", "--no-progress"});
  ASSERT_EQ(pulled.status, 0) << pulled.err;
  EXPECT_EQ(std::filesystem::hard_link_count(path(".ollama/models/blobs") / name), 2u);
  EXPECT_EQ(zubr({"run", "tiny", "hi", "--max-tokens", "2", "--no-progress"}).status, 0);
  EXPECT_NE(zubr({"pull", "none", "--from-ollama"}).status, 0);
}

}  // namespace
}  // namespace zubr::e2e
