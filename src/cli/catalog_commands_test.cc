// The commands that ask the catalog, as a user runs them: with the facts that ship and no network.
#include <gtest/gtest.h>

#include <map>
#include <sstream>

#include "catalog/update/update_settings.h"
#include "cli/exit_code.h"
#include "cli/program.h"
#include "cli/settings.h"
#include "core/message.h"
#include "core/temp_dir.h"
#include "models/pull_settings.h"
#include "net/net_settings.h"

namespace zubr::cli {
namespace {

struct Outcome {
  int code = 0;
  std::string out, err;
};

class CatalogCommands : public testing::Test {
 protected:
  // One home for all: the catalog is filled once.
  static void SetUpTestSuite() { home_ = std::make_unique<core::TempDir>(); }
  static void TearDownTestSuite() { home_.reset(); }

  Outcome run(const std::vector<std::string>& arguments) {
    core::SettingsRegistry registry;
    registry.declare(core::core_settings());
    registry.declare(cli_settings());
    registry.declare(net::net_settings());
    registry.declare(models::pull_settings());
    registry.declare(catalog::update_settings());
    Services services;
    services.version = "1.2.3";
    std::istringstream in;
    std::ostringstream out, err;
    Console console{.in = in, .out = out, .err = err};
    const auto environment = [](const std::string& name) -> std::optional<std::string> {
      return name == "ZUBR_HOME" ? std::optional(home_->path().string()) : std::nullopt;
    };
    const int code = run_program(arguments, registry, services, environment, console);
    return {code, out.str(), err.str()};
  }

  void expect_refused(const std::vector<std::string>& arguments, const std::string& says) {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, kExitUsage) << outcome.err;
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.err.find(says), std::string::npos) << outcome.err;
  }

  static std::unique_ptr<core::TempDir> home_;
};
std::unique_ptr<core::TempDir> CatalogCommands::home_;

TEST_F(CatalogCommands, SearchFindsModelsOfASizeAndSaysWhatTheyCost) {
  const Outcome outcome = run({"search", "llama", "--params", "7b..9b", "--open"});
  EXPECT_EQ(outcome.code, kExitOk) << outcome.err;
  EXPECT_NE(outcome.out.find("meta-llama/Llama-3.1-8B-Instruct"), std::string::npos) << outcome.out;
  EXPECT_EQ(outcome.out.find("70B-Instruct"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("$/M IN"), std::string::npos);
}

TEST_F(CatalogCommands, SearchPrintsJsonWithExactPrices) {
  const Outcome outcome = run({"search", "llama 3.1 8b instruct", "--limit", "1", "--json"});
  EXPECT_EQ(outcome.code, kExitOk) << outcome.err;
  EXPECT_NE(outcome.out.find("\"id\": \"meta-llama/Llama-3.1-8B-Instruct\""), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("\"usd_per_million_input\": \"0.02\""), std::string::npos) << outcome.out;
}

TEST_F(CatalogCommands, SearchSaysThatThereIsNothing) {
  const Outcome outcome = run({"search", "zzzzzzzz"});
  EXPECT_EQ(outcome.code, exit_code(ErrorCode::kNotFound));
  EXPECT_NE(outcome.err.find("no model is like that"), std::string::npos) << outcome.err;
}

TEST_F(CatalogCommands, UnknownFilterValuesNameTheKnownOnes) {
  expect_refused({"search", "--task", "nonsense"}, "text-generation");
  expect_refused({"search", "--task", "text-generatoin"}, "did you mean text-generation");
  expect_refused({"search", "--lang", "xx"}, "pl");
  expect_refused({"search", "--license", "apache"}, "apache-2.0");
  expect_refused({"search", "--modality", "smell"}, "vision");
  expect_refused({"search", "--sort", "size"}, "trending");
  expect_refused({"search", "--params", "9b..1b"}, "7b..13b");
  expect_refused({"search", "--context", "lots"}, "128k");
  expect_refused({"search", "--max-price", "-1"}, "-1");
  expect_refused({"search", "--open", "--commercial"}, "--commercial");
  expect_refused({"search", "!!!"}, "!!!");
  expect_refused({"leaderboard", "--open-only", "--commercial-only"}, "--commercial-only");
  expect_refused({"fits", "llama3.1:8b", "--memory", "much"}, "24");
}

TEST_F(CatalogCommands, ShowTellsNamesFilesProvidersAndScores) {
  const Outcome outcome = run({"show", "llama3.1:8b"});
  EXPECT_EQ(outcome.code, kExitOk) << outcome.err;
  for (const char* part : {"Llama-3.1-8B-Instruct", "llama3.1:8b-instruct-q4_0", "openrouter", "lmarena-text",
                           "trained from meta-llama/Llama-3.1-8B", "own conditions", "131,072"})
    EXPECT_NE(outcome.out.find(part), std::string::npos) << part << "\n" << outcome.out;
  const Outcome json = run({"show", "llama3.1:8b", "--json"});
  EXPECT_NE(json.out.find("\"license_in_one_line\""), std::string::npos);
  EXPECT_NE(json.out.find("\"price_history\""), std::string::npos);
}

TEST_F(CatalogCommands, AmbiguousAndUnknownNamesSayWhatThereIs) {
  expect_refused({"show", "llama"}, "meta-llama/Llama-3.1-8B-Instruct");
  const Outcome unknown = run({"show", "meta-llama/Llama-3.1-8B-Instrukt"});
  EXPECT_EQ(unknown.code, exit_code(ErrorCode::kNotFound));
  EXPECT_NE(unknown.err.find("did you mean meta-llama/Llama-3.1-8B-Instruct"), std::string::npos) << unknown.err;
}

TEST_F(CatalogCommands, CompareSetsOpenAndPaidModelsSideBySide) {
  const Outcome outcome = run({"compare", "llama3.1:70b", "google/gemini-2.5-pro"});
  EXPECT_EQ(outcome.code, kExitOk) << outcome.err;
  for (const char* part : {"open", "paid", "lmarena-text", "70.6B"})
    EXPECT_NE(outcome.out.find(part), std::string::npos) << part << "\n" << outcome.out;
  expect_refused({"compare", "llama3.1:70b", "meta-llama/Llama-3.1-70B-Instruct"}, "the same model");
}

TEST_F(CatalogCommands, LeaderboardCanShowOpenModelsOnly) {
  const Outcome all = run({"leaderboard", "--limit", "20"}), open = run({"leaderboard", "--open-only"});
  EXPECT_NE(all.out.find("paid"), std::string::npos) << all.out;
  EXPECT_EQ(open.out.find("paid"), std::string::npos) << open.out;
  EXPECT_NE(run({"leaderboard", "--list"}).out.find("aider-polyglot"), std::string::npos);
  EXPECT_EQ(run({"leaderboard", "--benchmark", "none"}).code, exit_code(ErrorCode::kNotFound));
}

TEST_F(CatalogCommands, DatasetsAreFound) {
  const Outcome outcome = run({"datasets", "reasoning", "--limit", "3"});
  EXPECT_EQ(outcome.code, kExitOk) << outcome.err;
  EXPECT_NE(outcome.out.find("ROWS"), std::string::npos);
}

TEST_F(CatalogCommands, FitsChoosesAQuantization) {
  const Outcome outcome = run({"fits", "llama3.1:8b", "--memory", "8", "--context", "8k"});
  EXPECT_EQ(outcome.code, kExitOk) << outcome.err;
  EXPECT_NE(outcome.out.find("*  Q6_K"), std::string::npos) << outcome.out;
  EXPECT_EQ(run({"fits", "llama3.1:405b", "--memory", "8"}).code, exit_code(ErrorCode::kOutOfMemory));
  EXPECT_EQ(run({"fits", "google/gemini-2.5-pro"}).code, exit_code(ErrorCode::kUnsupported));
}

}  // namespace
}  // namespace zubr::cli
