#include "core/settings.h"

#include <gtest/gtest.h>

#include <map>
#include <stdexcept>

#include "core/temp_dir.h"
#include "core/text_file.h"

namespace zubr::core {
namespace {

SettingsRegistry registry() {
  SettingsRegistry all;
  all.declare(
      {{.name = "model", .help = "The model.", .example = "bielik"},
       {.name = "threads",
        .type = SettingType::kInteger,
        .fallback = "0",
        .help = "Threads.",
        .example = "4",
        .min = 0,
        .max = 1024},
       {.name = "classify.threshold",
        .type = SettingType::kNumber,
        .fallback = "0.2",
        .help = "A threshold.",
        .example = "0.5",
        .min = 0,
        .max = 1},
       {.name = "classify.label_mode",
        .fallback = "text",
        .help = "How.",
        .example = "code",
        .choices = {"text", "code"}},
       {.name = "progress", .type = SettingType::kBool, .fallback = "true", .help = "Progress.", .example = "false"}});
  return all;
}

Environment environment(std::map<std::string, std::string> values) {
  return [values](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

class SettingsTest : public testing::Test {
 protected:
  Result<Settings> load(const std::string& toml, std::map<std::string, std::string> env = {}) {
    EXPECT_TRUE(write_text_file(file_, toml));
    return Settings::load(registry_, file_, environment(std::move(env)));
  }
  std::string error(const std::string& toml, std::map<std::string, std::string> env = {}) {
    const auto loaded = load(toml, std::move(env));
    return loaded ? "no error" : loaded.error().message();
  }

  TempDir dir_;
  std::filesystem::path file_ = dir_.path() / "config.toml";
  SettingsRegistry registry_ = registry();
};

TEST_F(SettingsTest, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
  auto settings = load("threads = 2\nmodel = \"a\"\n", {{"ZUBR_THREADS", "3"}}).value();
  EXPECT_EQ(settings.integer("threads"), 3);
  EXPECT_EQ(settings.value("threads").origin, "ZUBR_THREADS");
  EXPECT_EQ(settings.text("model"), "a");
  EXPECT_EQ(settings.value("model").origin, file_.string() + ":2");
  EXPECT_EQ(settings.number("classify.threshold"), 0.2);
  EXPECT_EQ(settings.value("classify.threshold").source, SettingSource::kDefault);
  ASSERT_TRUE(settings.set_flag("threads", "4"));
  EXPECT_EQ(settings.integer("threads"), 4);
  EXPECT_EQ(settings.value("threads").origin, "--threads");
}

TEST_F(SettingsTest, ReadsTablesAndEveryType) {
  const auto settings = load("progress = false\n[classify]\nthreshold = 1\nlabel_mode = \"code\"\n").value();
  EXPECT_FALSE(settings.enabled("progress"));
  EXPECT_EQ(settings.number("classify.threshold"), 1.0);
  EXPECT_EQ(settings.text("classify.label_mode"), "code");
}

TEST_F(SettingsTest, AMissingFileIsNoError) {
  EXPECT_TRUE(Settings::load(registry_, dir_.path() / "none.toml", environment({})));
}

TEST_F(SettingsTest, AnEmptyVariableCountsAsNotSet) {
  EXPECT_EQ(load("threads = 2\n", {{"ZUBR_THREADS", ""}}).value().integer("threads"), 2);
}

TEST_F(SettingsTest, AnUnknownKeyNamesFileLineAndTheNearestKey) {
  EXPECT_EQ(error("\nthread = 2\n"), file_.string() + ":2: there is no setting 'thread'; did you mean 'threads'?");
  EXPECT_EQ(error("[classify]\ntreshold = 0.1"),
            file_.string() + ":2: there is no setting 'classify.treshold'; did you mean 'classify.threshold'?");
}

TEST_F(SettingsTest, AWrongTypeNamesFileLineAndValue) {
  EXPECT_EQ(error("threads = \"many\"\n"),
            file_.string() + ":1: threads: \"many\" is not a whole number from 0 to 1024; for example: 4");
  EXPECT_EQ(error("progress = 1\n"), file_.string() + ":1: progress: 1 is not true or false; for example: false");
  EXPECT_EQ(error("threads = [1]\n"),
            file_.string() + ":1: threads: an array is not a whole number from 0 to 1024; for example: 4");
}

TEST_F(SettingsTest, AValueOutOfRangeIsRefusedWhereverItComesFrom) {
  EXPECT_EQ(error("threads = -1\n"),
            file_.string() + ":1: threads: '-1' is not a whole number from 0 to 1024; for example: 4");
  EXPECT_EQ(error("", {{"ZUBR_CLASSIFY_THRESHOLD", "1.5"}}),
            "ZUBR_CLASSIFY_THRESHOLD: '1.5' is not a number from 0 to 1; for example: 0.5");
  auto settings = load("").value();
  EXPECT_EQ(settings.set_flag("classify.label_mode", "codes").error().message(),
            "--label-mode: 'codes' is not one of text, code; for example: code");
  for (const char* bad : {"", " 1", "1 ", "0x10", "1e3", "99999999999999999999"})
    EXPECT_FALSE(settings.set_flag("threads", bad)) << bad;
  for (const char* bad : {"nan", "inf", ""}) EXPECT_FALSE(settings.set_flag("classify.threshold", bad)) << bad;
}

TEST_F(SettingsTest, BrokenTomlNamesTheLine) {
  const auto loaded = load("threads = 2\nmodel = \n");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code(), ErrorCode::kCorrupt);
  EXPECT_NE(loaded.error().message().find("config.toml:2"), std::string::npos) << loaded.error().message();
}

TEST_F(SettingsTest, FindSuggestsTheNearestName) {
  const auto settings = load("").value();
  EXPECT_EQ(settings.find("threads").value().text, "0");
  EXPECT_EQ(settings.find("tread").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(settings.find("treads").error().message(), "there is no setting 'treads'; did you mean 'threads'?");
}

TEST(SettingsRegistry, RefusesDeclarationsThatContradictThemselves) {
  SettingsRegistry all = registry();
  EXPECT_THROW(all.declare({{.name = "model"}}), std::logic_error);
  EXPECT_THROW(all.declare({{.name = "x", .type = SettingType::kInteger, .fallback = "9", .max = 5}}),
               std::logic_error);
}

TEST(SettingsRegistry, DerivesVariableAndFlagFromTheName) {
  const SettingsRegistry all = registry();
  EXPECT_EQ(all.find("classify.label_mode")->env_name(), "ZUBR_CLASSIFY_LABEL_MODE");
  EXPECT_EQ(all.find("classify.label_mode")->flag_name(), "--label-mode");
  EXPECT_EQ(all.find("model")->flag_name(), "--model");
}

TEST(SettingsDocs, NameEverySettingWithItsDefaultVariableAndFlag) {
  const std::string docs = settings_markdown(registry());
  for (const char* part : {"## `classify.label_mode`",
                           "| one of text, code | `text` | `code` | "
                           "`ZUBR_CLASSIFY_LABEL_MODE` | `--label-mode` | all |",
                           "(none)"})
    EXPECT_NE(docs.find(part), std::string::npos) << part << "\n" << docs;
  EXPECT_TRUE(docs.ends_with("\n") && !docs.ends_with("\n\n"));
}

}  // namespace
}  // namespace zubr::core
