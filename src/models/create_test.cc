#include "models/create.h"

#include <gtest/gtest.h>

#include <fstream>

#include "core/temp_dir.h"
#include "core/text_file.h"
#include "models/blobs/blob_references.h"
#include "models/keep.h"
#include "models/tiny_gguf.h"

namespace zubr::models {
namespace {

namespace fs = std::filesystem;

class CreateTest : public ::testing::Test {
 protected:
  CreateTest() { put("tiny.gguf", tiny_gguf()); }

  void put(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(core::write_text_file(work_.path() / name, bytes));
  }
  Result<CreateReport> create(const std::string& text, const std::string& name = "made", bool replace = false) {
    ZUBR_TRY(file, parse_modelfile(text));
    return create_model(home_.path(), store_, file, {.name = name, .replace = replace, .folder = work_.path()}, {});
  }
  static std::string gguf_of(const std::string& architecture, const std::string& type = "model") {
    GgufText file;
    file.raw("GGUF").number<std::uint32_t>(3).number<std::uint64_t>(0).number<std::uint64_t>(2);
    file.text("general.architecture").number<std::uint32_t>(8).text(architecture);
    file.text("general.type").number<std::uint32_t>(8).text(type);
    std::string bytes = file.bytes();
    bytes.resize((bytes.size() + 31) / 32 * 32);
    return bytes;
  }

  core::TempDir work_, home_;
  ModelStore store_{home_.path() / "models"};
};

TEST_F(CreateTest, KeepsWhatTheModelfileSays) {
  const auto report = create("FROM tiny.gguf\nSYSTEM Be brief.\nPARAMETER temperature 0.1\nPARAMETER mirostat 2\n");
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->notes.size(), 1U);  // mirostat
  const auto found = store_.resolve("made");
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->recipe.system, "Be brief.");
  EXPECT_EQ(found->recipe.parameters.size(), 2U);
  EXPECT_EQ(found->file, fs::canonical(work_.path() / "tiny.gguf"));
}

TEST_F(CreateTest, BeginsWithTheRecipeOfTheModelItComesFrom) {
  ASSERT_TRUE(create("FROM tiny.gguf\nSYSTEM old\nPARAMETER temperature 1\nPARAMETER top_k 3\nLICENSE a\n", "base"));
  ASSERT_TRUE(create("FROM base\nSYSTEM new\nPARAMETER temperature 0\nLICENSE b\n"));
  const auto made = store_.find("made");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->recipe.system, "new");
  EXPECT_EQ(made->recipe.parameters, (decltype(made->recipe.parameters){{"top_k", "3"}, {"temperature", "0"}}));
  EXPECT_EQ(made->recipe.licenses, (std::vector<std::string>{"a", "b"}));
}

TEST_F(CreateTest, TakesAFolderWithItsProjector) {
  fs::create_directory(work_.path() / "model");
  put("model/a-Q4_0.gguf", tiny_gguf());
  put("model/mmproj-a-f16.gguf", gguf_of("clip"));
  const auto report = create("FROM ./model\n");
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->entry.file.filename(), "a-Q4_0.gguf");
  EXPECT_EQ(report->entry.projector.filename(), "mmproj-a-f16.gguf");
  put("model/b-Q8_0.gguf", tiny_gguf());
  EXPECT_NE(create("FROM ./model\n", "two").error().message().find("b-Q8_0.gguf"), std::string::npos);
}

TEST_F(CreateTest, RefusesWhatWouldNotWorkAndGivesNoName) {
  put("text.gguf", "hello");
  put("mmproj.gguf", gguf_of("clip"));
  put("other-lora.gguf", gguf_of("gemma", "adapter"));
  put("no-lora.gguf", gguf_of("llama"));
  const std::pair<std::string, ErrorCode> cases[] = {
      {"SYSTEM x\n", ErrorCode::kInvalidArgument},
      {"FROM nothing\n", ErrorCode::kNotFound},
      {"FROM ./nothing.gguf\n", ErrorCode::kNotFound},
      {"FROM text.gguf\n", ErrorCode::kCorrupt},
      {"FROM mmproj.gguf\n", ErrorCode::kInvalidArgument},
      {"FROM tiny.gguf\nFROM tiny.gguf\n", ErrorCode::kInvalidArgument},
      {"FROM tiny.gguf\nFROM tiny.gguf\nFROM tiny.gguf\n", ErrorCode::kInvalidArgument},
      {"FROM tiny.gguf\nADAPTER nothing.gguf\n", ErrorCode::kNotFound},
      {"FROM tiny.gguf\nADAPTER no-lora.gguf\n", ErrorCode::kInvalidArgument},
      {"FROM tiny.gguf\nADAPTER other-lora.gguf\n", ErrorCode::kInvalidArgument},
      {"FROM tiny.gguf\nPARAMETER temperature hot\n", ErrorCode::kInvalidArgument},
      {"FROM tiny.gguf\nTEMPLATE {{ if .Prompt }}\n", ErrorCode::kInvalidArgument},
  };
  for (const auto& [text, code] : cases) {
    const auto report = create(text);
    ASSERT_FALSE(report) << text;
    EXPECT_EQ(report.error().code(), code) << text << report.error().message();
  }
  EXPECT_TRUE(store_.list()->empty());
}

TEST_F(CreateTest, AsksTheEngineBeforeItGivesAName) {
  const auto file = parse_modelfile("FROM tiny.gguf\n");
  const auto refuse = [](const fs::path&) -> Result<void> { return fail(ErrorCode::kUnsupported, "no such shape"); };
  const auto report =
      create_model(home_.path(), store_, *file, {.name = "made", .folder = work_.path(), .check = refuse}, {});
  EXPECT_EQ(report.error().code(), ErrorCode::kUnsupported);
  EXPECT_FALSE(store_.find("made"));
}

TEST_F(CreateTest, DoesNotTakeANameThatIsTaken) {
  ASSERT_TRUE(create("FROM tiny.gguf\nSYSTEM a\n"));
  EXPECT_EQ(create("FROM tiny.gguf\nSYSTEM b\n").error().code(), ErrorCode::kAlreadyExists);
  EXPECT_TRUE(create("FROM made\nSYSTEM b\n", "made", true));
  EXPECT_EQ(store_.find("made")->recipe.system, "b");
}

TEST_F(CreateTest, WarnsOfATemplateThatCannotBeTranslated) {
  const auto report = create("FROM tiny.gguf\nTEMPLATE {{ template \"x\" .Prompt }}\n");
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->notes.size(), 1U);
  EXPECT_EQ(report->entry.recipe.chat_template, "{{ template \"x\" .Prompt }}");  // kept as it was
}

TEST_F(CreateTest, TheModelfileOfAModelMakesItAgain) {
  ASSERT_TRUE(create("FROM tiny.gguf\nSYSTEM \"\"\"a\nb\"\"\"\nPARAMETER stop \"</s>\"\nMESSAGE user hi\n"));
  const auto text = modelfile_of(*store_.find("made"));
  ASSERT_TRUE(text) << text.error().message();
  ASSERT_TRUE(create(*text, "again"));
  EXPECT_EQ(store_.find("again")->recipe, store_.find("made")->recipe);
}

}  // namespace
}  // namespace zubr::models
