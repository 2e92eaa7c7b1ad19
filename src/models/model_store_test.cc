#include "models/model_store.h"

#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "core/temp_dir.h"
#include "core/text_file.h"
#include "models/tiny_gguf.h"

namespace zubr::models {
namespace {

class ModelStoreTest : public testing::Test {
 protected:
  std::filesystem::path gguf(const std::string& name) {
    const auto file = dir_.path() / name;
    std::ofstream(file, std::ios::binary) << tiny_gguf();
    return file;
  }

  core::TempDir dir_;
  ModelStore store_{dir_.path() / "models"};
};

TEST_F(ModelStoreTest, RemembersAFileUnderAName) {
  const auto file = gguf("a model.gguf");
  const auto added = store_.add(file, "bielik:1.5b", false);
  ASSERT_TRUE(added) << added.error().message();
  const auto found = store_.find("bielik:1.5b");
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(found->file, std::filesystem::canonical(file));
  EXPECT_EQ(found->facts.bytes, std::filesystem::file_size(file));
  EXPECT_EQ(found->facts.architecture, "llama");
  EXPECT_EQ(found->facts.context_tokens, 128);
  EXPECT_FALSE(found->missing);
  EXPECT_EQ(store_.resolve("bielik:1.5b")->file, found->file);
}

TEST_F(ModelStoreTest, ListsByNameAndIsEmptyAtFirst) {
  EXPECT_TRUE(store_.list().value().empty());
  ASSERT_TRUE(store_.add(gguf("x.gguf"), "b", false));
  ASSERT_TRUE(store_.add(gguf("x.gguf"), "a", false));
  const auto all = store_.list().value();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "a");
}

TEST_F(ModelStoreTest, RefusesNamesThatCouldBePaths) {
  const auto file = gguf("x.gguf");
  for (const char* name : {"", ".", "..", "../x", "a/b", "/etc", ".hidden", "A", "ż", "a b", "-x", "a\n", "a%3a"}) {
    const auto added = store_.add(file, name, false);
    ASSERT_FALSE(added) << name;
    EXPECT_EQ(added.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_FALSE(store_.find(name)) << name;
  }
  EXPECT_FALSE(check_model_name(std::string(101, 'a')));
  EXPECT_TRUE(check_model_name(std::string(100, 'a')));
}

TEST_F(ModelStoreTest, DoesNotOverwriteANameUnlessTold) {
  ASSERT_TRUE(store_.add(gguf("1.gguf"), "m", false));
  const auto again = store_.add(gguf("2.gguf"), "m", false);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::kAlreadyExists);
  EXPECT_NE(again.error().message().find("1.gguf"), std::string::npos);
  ASSERT_TRUE(store_.add(gguf("2.gguf"), "m", true));
  EXPECT_EQ(store_.find("m")->file.filename(), "2.gguf");
}

TEST_F(ModelStoreTest, MarksAFileThatIsGone) {
  const auto file = gguf("x.gguf");
  ASSERT_TRUE(store_.add(file, "m", false));
  std::filesystem::remove(file);
  EXPECT_TRUE(store_.list().value()[0].missing);
  const auto resolved = store_.resolve("m");
  ASSERT_FALSE(resolved);
  EXPECT_EQ(resolved.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(resolved.error().message().find("zubr models rm m"), std::string::npos);
}

TEST_F(ModelStoreTest, RemovesTheNameAndKeepsTheFile) {
  const auto file = gguf("x.gguf");
  ASSERT_TRUE(store_.add(file, "m", false));
  ASSERT_TRUE(store_.remove("m"));
  EXPECT_TRUE(std::filesystem::exists(file));
  EXPECT_EQ(store_.remove("m").error().code(), ErrorCode::kNotFound);
}

TEST_F(ModelStoreTest, SaysWhatIsThereWhenANameIsNot) {
  EXPECT_NE(store_.resolve("m").error().message().find("zubr models add FILE --name m"), std::string::npos);
  ASSERT_TRUE(store_.add(gguf("x.gguf"), "tinytalk", false));
  ASSERT_TRUE(store_.add(gguf("x.gguf"), "bielik", false));
  const auto resolved = store_.resolve("tinytlak");
  ASSERT_FALSE(resolved);
  EXPECT_EQ(resolved.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(resolved.error().message().find("did you mean 'tinytalk'? Here are: bielik, tinytalk"), std::string::npos)
      << resolved.error().message();
}

TEST_F(ModelStoreTest, ListsTheShippedModelFirstAndGuardsItsName) {
  int asked = 0;
  const ModelStore store(dir_.path() / "models", ShippedModel{"built-in", [&]() -> Result<std::filesystem::path> {
                                                                ++asked;
                                                                return gguf("shipped.gguf");
                                                              }});
  ASSERT_TRUE(store.add(gguf("x.gguf"), "a", false));
  EXPECT_EQ(asked, 0);
  const auto all = store.list().value();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "built-in");
  EXPECT_TRUE(all[0].shipped);
  EXPECT_FALSE(all[1].shipped);
  EXPECT_EQ(store.resolve("built-in")->file.filename(), "shipped.gguf");
  EXPECT_EQ(store.add(gguf("x.gguf"), "built-in", true).error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(store.remove("built-in").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(store.resolve("builtin").error().message().find("did you mean 'built-in'?"), std::string::npos);
}

TEST_F(ModelStoreTest, TakesWhatLooksLikeAPathForAPath) {
  const auto file = gguf("x.gguf");
  EXPECT_EQ(store_.resolve(file.string())->file, file);
  EXPECT_EQ(store_.resolve(file.string())->name, "x");
  EXPECT_EQ(store_.resolve("nowhere.gguf").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store_.resolve(dir_.path().string()).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(ModelStoreTest, RefusesWhatIsNoModelFile) {
  std::ofstream(dir_.path() / "text.gguf") << "hello there";
  EXPECT_EQ(store_.add(dir_.path() / "text.gguf", "m", false).error().code(), ErrorCode::kCorrupt);
  std::ofstream(dir_.path() / "empty.gguf");
  EXPECT_FALSE(store_.add(dir_.path() / "empty.gguf", "m", false));
  EXPECT_EQ(store_.add(dir_.path() / "none.gguf", "m", false).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(store_.add(dir_.path(), "m", false).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_TRUE(store_.list().value().empty());
}

TEST_F(ModelStoreTest, ADamagedEntryIsNamed) {
  ASSERT_TRUE(core::write_text_file(dir_.path() / "models" / "m.toml", "name = \"other\"\nfile = \"/x.gguf\"\n"));
  const auto all = store_.list();
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().code(), ErrorCode::kCorrupt);
  EXPECT_NE(all.error().message().find("m.toml"), std::string::npos);
}

TEST_F(ModelStoreTest, ManyWritersOfOneNameLeaveOneWholeEntry) {
  const auto file = gguf("x.gguf");
  std::vector<std::thread> writers;
  for (int i = 0; i < 8; ++i)
    writers.emplace_back([&] {
      for (int round = 0; round < 10; ++round) EXPECT_TRUE(store_.add(file, "m", true));
    });
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(store_.list());
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(store_.list().value().size(), 1u);
}

}  // namespace
}  // namespace zubr::models
