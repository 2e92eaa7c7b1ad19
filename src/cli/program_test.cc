#include "cli/program.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "catalog/update/update_settings.h"
#include "cli/exit_code.h"
#include "cli/settings.h"
#include "core/temp_dir.h"
#include "core/text_file.h"
#include "inference/fake_backend.h"
#include "models/pull_settings.h"
#include "net/net_settings.h"

namespace zubr::cli {
namespace {

struct Outcome {
  int code = 0;
  std::string out, err;
};

// Records what it was asked, and answers "yes".
class ListeningBackend : public inference::FakeBackend {
 public:
  ListeningBackend() : FakeBackend({.answer = "yes"}) {}
  Result<inference::Generation> generate(const inference::GenerateRequest& request, const inference::EventSink& sink,
                                         std::stop_token stop) override {
    requests.push_back(request);
    return FakeBackend::generate(request, sink, stop);
  }
  std::vector<inference::GenerateRequest> requests;
};

class ProgramTest : public testing::Test {
 protected:
  ProgramTest() {
    registry_.declare(core::core_settings());
    registry_.declare(cli_settings());
    registry_.declare(net::net_settings());
    registry_.declare(models::pull_settings());
    registry_.declare(catalog::update_settings());
    services_.version = "1.2.3";
    services_.components = [] { return std::vector<Component>{{"llama.cpp", "v0"}, {"DuckDB", "v1"}}; };
    services_.self_tests = [this] { return std::vector<SelfTest>{{"matmul", self_test_passes_, "error 0.001"}}; };
    services_.open_backend = [this](const BackendSpec& spec) -> Result<std::shared_ptr<inference::Backend>> {
      opened_.push_back(spec);
      return backend_;
    };
    services_.serve = [this](const ServeOptions& options, std::stop_token) -> Result<void> {
      options.ready("http://" + options.host);
      served_.push_back(options);
      return {};
    };
    model_ = (dir_.path() / "m.gguf").string();
    std::ofstream(model_) << "GGUF";
  }

  Outcome run(const std::vector<std::string>& arguments, const std::string& input = {}, bool terminal = false) {
    std::istringstream in(input);
    std::ostringstream out, err;
    Console console{.in = in, .out = out, .err = err, .in_is_terminal = terminal, .out_is_terminal = terminal};
    env_["ZUBR_HOME"] = (dir_.path() / "home").string();
    const auto environment = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = env_.find(name);
      return found == env_.end() ? std::nullopt : std::optional(found->second);
    };
    const int code = run_program(arguments, registry_, services_, environment, console);
    core::set_language("en");
    return {code, out.str(), err.str()};
  }

  void config(const std::string& text) {
    ASSERT_TRUE(core::write_text_file(dir_.path() / "home" / "config.toml", text));
  }

  core::TempDir dir_;
  core::SettingsRegistry registry_;
  Services services_;
  std::shared_ptr<ListeningBackend> backend_ = std::make_shared<ListeningBackend>();
  std::vector<BackendSpec> opened_;
  std::vector<ServeOptions> served_;
  std::map<std::string, std::string> env_;
  std::string model_;
  bool self_test_passes_ = true;
};

TEST_F(ProgramTest, WithoutACommandShowsHelpAndFails) {
  const auto outcome = run({});
  EXPECT_EQ(outcome.code, kExitUsage);
  EXPECT_NE(outcome.err.find("classify"), std::string::npos);
}

TEST_F(ProgramTest, HelpIsTheSameFromTheOptionAndTheCommand) {
  const auto option = run({"models", "add", "--help"});
  const auto command = run({"help", "models", "add"});
  EXPECT_EQ(option.code, kExitOk);
  EXPECT_EQ(option.out, command.out);
  EXPECT_NE(option.out.find("zubr models add ~/models/"), std::string::npos) << option.out;
  EXPECT_EQ(run({"help", "modles"}).err, "zubr: there is no command 'zubr modles'; did you mean 'models'?\n");
}

TEST_F(ProgramTest, VersionNamesWhatItIsBuiltOn) {
  EXPECT_EQ(run({"--version"}).out, "zubr 1.2.3\nllama.cpp v0\nDuckDB v1\n");
}

TEST_F(ProgramTest, SuggestsTheNearestCommandAndOption) {
  auto outcome = run({"clasify", "x.csv"});
  EXPECT_EQ(outcome.code, kExitUsage);
  EXPECT_EQ(outcome.err, "zubr: there is no command 'zubr clasify'; did you mean 'classify'?\n");
  outcome = run({"models", "lst"});
  EXPECT_EQ(outcome.err, "zubr: there is no command 'zubr models lst'; did you mean 'list'?\n");
  outcome = run({"classify", "x.csv", "--lables", "a,b", "-o", "y.csv"});
  EXPECT_EQ(outcome.code, kExitUsage);
  EXPECT_EQ(outcome.err, "zubr: there is no option '--lables'; did you mean '--labels'?\n");
  outcome = run({"run", "m", "--xylophone"});
  EXPECT_EQ(outcome.err, "zubr: there is no option '--xylophone'; all options: zubr run --help\n");
}

TEST_F(ProgramTest, NamesWhatIsMissing) {
  auto outcome = run({"classify", "x.csv", "-o", "y.csv"});
  EXPECT_EQ(outcome.code, kExitUsage);
  EXPECT_EQ(outcome.err, "zubr: --labels is missing; how to use it: zubr classify --help\n");
  outcome = run({"run", "m", "--seed"});
  EXPECT_EQ(outcome.err, "zubr: --seed needs a value; how to use it: zubr run --help\n");
  outcome = run({"models", "rm", "a", "b"});
  EXPECT_EQ(outcome.err, "zubr: 'b' is one argument too many; how to use it: zubr models rm --help\n");
}

TEST_F(ProgramTest, ABrokenConfigStopsCommandsButNotHelp) {
  config("modle = \"x\"\n");
  const auto outcome = run({"config", "list"});
  EXPECT_EQ(outcome.code, kExitUsage);
  EXPECT_NE(outcome.err.find("config.toml:1: there is no setting 'modle'; did you mean 'model'?"), std::string::npos)
      << outcome.err;
  EXPECT_EQ(run({"config", "docs"}).code, kExitOk);
  EXPECT_EQ(run({"help"}).code, kExitOk);
  EXPECT_EQ(run({"completion", "bash"}).code, kExitOk);
}

TEST_F(ProgramTest, ConfigShowsValuesAndWhereTheyComeFrom) {
  config("threads = 3\n");
  env_["ZUBR_MODEL"] = "bielik";
  const auto list = run({"config", "list", "--log-level", "error"});
  EXPECT_EQ(list.code, kExitOk) << list.err;
  for (const char* part : {"config.toml:1", "ZUBR_MODEL", "--log-level", "default"})
    EXPECT_NE(list.out.find(part), std::string::npos) << part << "\n" << list.out;
  EXPECT_EQ(run({"config", "get", "model"}).out, "bielik\n");
  EXPECT_EQ(run({"config", "get", "threads"}).out, "3\n");
  const auto unknown = run({"config", "get", "mdel"});
  EXPECT_EQ(unknown.code, 3);
  EXPECT_EQ(unknown.err, "zubr: there is no setting 'mdel'; did you mean 'model'?\n");
}

TEST_F(ProgramTest, SpeaksPolishWhenAsked) {
  EXPECT_EQ(run({"--language", "pl", "clasify"}).err,
            "zubr: nie ma polecenia 'zubr clasify'; czy chodziło o 'classify'?\n");
  env_["ZUBR_LANG"] = "pl";
  EXPECT_EQ(run({"clasify"}).err, "zubr: nie ma polecenia 'zubr clasify'; czy chodziło o 'classify'?\n");
  EXPECT_EQ(run({"models", "list", "--language", "tlh"}).err,
            "zubr: --language: 'tlh' is not one of en, pl; for example: pl\n");
}

TEST_F(ProgramTest, RunStreamsTheAnswerToAPrompt) {
  const auto outcome = run({"run", model_, "Is", "it?", "--system", "Be brief.", "--temperature", "0", "--seed", "7",
                            "--stop", "a", "--stop", "b", "--max-tokens", "9", "--no-progress"});
  EXPECT_EQ(outcome.code, kExitOk) << outcome.err;
  EXPECT_EQ(outcome.out, "yes\n");
  EXPECT_EQ(outcome.err, "");
  ASSERT_EQ(backend_->requests.size(), 1u);
  const auto& request = backend_->requests[0];
  ASSERT_EQ(request.messages.size(), 2u);
  EXPECT_EQ(request.messages[0].content, "Be brief.");
  EXPECT_EQ(request.messages[1].content, "Is it?");
  EXPECT_EQ(request.sampling.temperature, 0);
  EXPECT_EQ(request.sampling.seed, 7u);
  EXPECT_EQ(request.max_tokens, 9);
  EXPECT_EQ(request.stop, (std::vector<std::string>{"a", "b"}));
}

TEST_F(ProgramTest, RunAddsStandardInputToThePrompt) {
  EXPECT_EQ(run({"run", model_, "Summarise:"}, "a letter").code, kExitOk);
  EXPECT_EQ(backend_->requests[0].messages[0].content, "Summarise:\n\na letter");
  EXPECT_EQ(run({"run", model_, "--raw"}, "as it is").code, kExitOk);
  EXPECT_EQ(backend_->requests[1].raw_prompt, "as it is");
  EXPECT_TRUE(backend_->requests[1].messages.empty());
}

TEST_F(ProgramTest, RunRefusesWhatCannotBe) {
  EXPECT_EQ(run({"run", model_}).err, "zubr: the prompt is empty; give it after the model or on standard input\n");
  EXPECT_EQ(run({"run", model_}, "\xff\xfe").code, kExitUsage);
  EXPECT_EQ(run({"run", model_, "x", "--seed", "-1"}).err,
            "zubr: --seed: '-1' is not a whole number from 0 to 4294967295\n");
  EXPECT_EQ(run({"run", model_, "x", "--temperature", "hot"}).err,
            "zubr: --temperature: 'hot' is not a number from 0 to 10; for example: 0\n");
  EXPECT_EQ(run({"run", model_, "x", "--raw", "--system", "s"}).code, kExitUsage);
  EXPECT_EQ(run({"run", model_, "x", "--json-schema", "no-such.json"}).code, 3);
  EXPECT_EQ(run({"run", "nobody", "x"}).code, 3);
  EXPECT_TRUE(opened_.empty());
}

TEST_F(ProgramTest, AConversationKeepsItsHistoryUntilBye) {
  const auto outcome =
      run({"run", model_, "--system", "s", "--no-progress"}, "one\n\n/clear\ntwo\n  three  \n/bye\nfour\n", true);
  EXPECT_EQ(outcome.code, kExitOk) << outcome.err;
  EXPECT_EQ(outcome.out, "yes\nyes\nyes\n");
  ASSERT_EQ(backend_->requests.size(), 3u);
  EXPECT_EQ(backend_->requests[1].messages.size(), 2u);
  const auto& last = backend_->requests[2].messages;
  ASSERT_EQ(last.size(), 4u);
  EXPECT_EQ(last[1].content, "two");
  EXPECT_EQ(last[2].content, "yes");
  EXPECT_EQ(last[3].content, "three");
}

TEST_F(ProgramTest, ClassifyChecksEverythingBeforeItLoadsAModel) {
  const std::string in = (dir_.path() / "in.csv").string(), out = (dir_.path() / "out.csv").string();
  std::ofstream(in) << "text\nhello\n";
  EXPECT_EQ(run({"classify", in, "--labels", "a,b", "-o", out}).code, kExitUsage);  // no model
  env_["ZUBR_MODEL"] = model_;
  EXPECT_EQ(run({"classify", in + "x", "--labels", "a,b", "-o", out}).code, kExitUsage);
  EXPECT_EQ(run({"classify", "none.csv", "--labels", "a,b", "-o", out}).code, 3);
  EXPECT_EQ(run({"classify", in, "--labels", "a,,b", "-o", out}).code, kExitUsage);
  EXPECT_EQ(run({"classify", in, "--labels", "a,b", "-o", out, "--top", "0"}).code, kExitUsage);
  EXPECT_EQ(run({"classify", in, "--labels", "a,b", "-o", out, "--format", "xml"}).code, kExitUsage);
  EXPECT_EQ(run({"classify", in, "--labels", "a,b", "-o", out, "--delimiter", "ab"}).code, kExitUsage);
  EXPECT_EQ(run({"classify", in, "--labels", "a,b", "-o", (dir_.path() / "no" / "out.csv").string()}).code, 3);
  EXPECT_EQ(run({"classify", in, "--labels", "a,b", "-o", out, "--model", "nobody"}).code, 3);
  EXPECT_TRUE(opened_.empty());
}

TEST_F(ProgramTest, ClassifyWritesTheTableTheSummaryAndTheReport) {
  const std::string in = (dir_.path() / "in.csv").string(), out = (dir_.path() / "out.csv").string();
  const std::string report = (dir_.path() / "report.json").string();
  std::ofstream(in) << "text\nhello\nworld\nhello\n";
  const auto outcome =
      run({"classify", in, "--labels", "a,b", "-o", out, "--model", model_, "--report", report, "--no-progress"});
  ASSERT_EQ(outcome.code, kExitOk) << outcome.err;
  EXPECT_TRUE(outcome.err.starts_with("3 rows (2 distinct texts) at ")) << outcome.err;
  EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 1);
  EXPECT_TRUE(core::read_text_file(out, 1000).value().starts_with("text,label,probability,margin,error\nhello,"));
  EXPECT_NE(core::read_text_file(report, 10000).value().find("\"rows\": 3"), std::string::npos);
}

TEST_F(ProgramTest, ModelsAreAddedListedAndForgotten) {
  EXPECT_NE(run({"models", "list"}).err.find("zubr models add FILE --name NAME"), std::string::npos);
  EXPECT_EQ(run({"models", "list", "--json"}).out, "[]\n");
  EXPECT_EQ(run({"models", "rm", "tiny"}).code, 3);
  EXPECT_EQ(run({"models", "add", model_, "--name", "../tiny"}).code, kExitUsage);
  EXPECT_EQ(run({"models", "add", model_ + "x", "--name", "tiny"}).code, 3);
}

TEST_F(ProgramTest, ServeHandsOverItsSettings) {
  const auto outcome =
      run({"serve", "--model", model_, "--port", "0", "--host", "127.0.0.2", "--parallel", "3", "--no-progress"});
  EXPECT_EQ(outcome.code, kExitOk) << outcome.err;
  ASSERT_EQ(served_.size(), 1u);
  EXPECT_EQ(served_[0].host, "127.0.0.2");
  EXPECT_EQ(opened_[0].parallel, 3);
  EXPECT_NE(outcome.err.find("serving m at http://127.0.0.2"), std::string::npos);
  ASSERT_TRUE(served_[0].model);
  EXPECT_EQ(served_[0].model->name, "m");
  EXPECT_EQ(served_[0].loaded, backend_);
}

// Nothing is loaded before it is asked for, and then as the settings say.
TEST_F(ProgramTest, ServeWithoutAModelLoadsThemOnDemand) {
  const auto outcome = run({"serve", "--port", "0", "--threads", "1", "--parallel", "2", "--compute", "ggml"});
  EXPECT_EQ(outcome.code, kExitOk) << outcome.err;
  EXPECT_NE(outcome.err.find("serving the models of this machine at http://"), std::string::npos) << outcome.err;
  ASSERT_EQ(served_.size(), 1u);
  EXPECT_FALSE(served_[0].model);
  EXPECT_TRUE(opened_.empty());
}

TEST_F(ProgramTest, DoctorFailsWithItsSelfTest) {
  auto outcome = run({"doctor"});
  EXPECT_EQ(outcome.code, kExitOk);
  EXPECT_NE(outcome.out.find("self-test      1 of 1 right"), std::string::npos) << outcome.out;
  self_test_passes_ = false;
  outcome = run({"doctor", "--json"});
  EXPECT_EQ(outcome.code, kExitInternal);
  EXPECT_NE(outcome.out.find("\"healthy\": false"), std::string::npos);
  EXPECT_NE(run({"doctor"}).out.find("FAILED matmul: error 0.001"), std::string::npos);
}

TEST_F(ProgramTest, CompletionKnowsTheRealCommands) {
  const auto outcome = run({"completion", "bash"});
  EXPECT_EQ(outcome.code, kExitOk);
  for (const char* part : {"'models add:--name'", "'classify:--label-mode') COMPREPLY=($(compgen -W 'text code'"})
    EXPECT_NE(outcome.out.find(part), std::string::npos) << part;
  EXPECT_EQ(run({"completion", "csh"}).code, kExitUsage);
}

}  // namespace
}  // namespace zubr::cli
