// What works without a model.
#include <signal.h>

#include "e2e/zubr_test.h"

namespace zubr::e2e {
namespace {

class Program : public ZubrTest {};

TEST_F(Program, NamesItsVersionAndItsParts) {
  const Finished done = zubr({"--version"});
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_SAYS(done.out, "zubr 0.");
  EXPECT_SAYS(done.out, "llama.cpp ");
  EXPECT_SAYS(done.out, "DuckDB v1.");
}

TEST_F(Program, ShowsHelpForEveryCommand) {
  for (const char* name : {"classify", "embed", "run", "serve", "models", "config", "doctor", "completion", "help"}) {
    const Finished done = zubr({name, "--help"});
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_SAYS(done.out, std::string("Usage: zubr ") + name + " ");
    EXPECT_EQ(done.out, zubr({"help", name}).out);
  }
}

TEST_F(Program, RefusesWhatItDoesNotKnowWithStatus2) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{},
                                                                     {"clasify"},
                                                                     {"classify"},
                                                                     {"classify", "--nothing"},
                                                                     {"models", "lst"},
                                                                     {"run"},
                                                                     {"--language", "xx", "doctor"}})
    EXPECT_EQ(zubr(arguments).status, 2);
  EXPECT_SAYS(zubr({"clasify"}).err, "did you mean 'classify'?");
}

TEST_F(Program, SpeaksPolish) {
  EXPECT_SAYS(zubr({"--language", "pl", "run", "bielik", "x"}).err, "modelu 'bielik' tu nie ma");
}

TEST_F(Program, DoctorTestsTheArithmeticOfThisMachine) {
  const Finished done = zubr({"doctor"});
  EXPECT_EQ(done.status, 0) << done.out << done.err;
  EXPECT_SAYS(done.out, " right");
  EXPECT_EQ(done.out.find("FAILED"), std::string::npos) << done.out;
  EXPECT_SAYS(zubr({"doctor", "--json"}).out, "\"healthy\": true");
}

TEST_F(Program, DocsConfigIsWhatTheProgramPrints) {
  EXPECT_EQ(read("docs/config.md"), zubr({"config", "docs"}).out) << "run: zubr config docs > docs/config.md";
}

TEST_F(Program, AConfigFileWithAWrongKeyIsNamedWithItsLine) {
  std::filesystem::create_directories(path("home"));
  write("home/config.toml", "threads = 2\n[classify]\ntopp = 3\n");
  const Finished done = zubr({"models", "list"});
  EXPECT_EQ(done.status, 2);
  EXPECT_SAYS(done.err, "config.toml:3: there is no setting 'classify.topp'; did you mean 'classify.top'?");
}

TEST_F(Program, BashCompletesCommandsOptionsAndChoices) {
  const Finished script = zubr({"completion", "bash"});
  ASSERT_EQ(script.status, 0);
  write("zubr.bash", script.out);
  const auto complete = [&](const std::string& words, int at) {
    Command bash = command({});
    bash.arguments = {"/bin/bash", "-c",
                      "source ./zubr.bash; compopt() { :; }; COMP_WORDS=(" + words +
                          "); COMP_CWORD=" + std::to_string(at) + "; _zubr; printf '%s ' \"${COMPREPLY[@]}\""};
    return run(bash).out;
  };
  EXPECT_SAYS(complete("zubr cla", 1), "classify");
  EXPECT_SAYS(complete("zubr models ''", 2), "add list rm");
  EXPECT_SAYS(complete("zubr classify x.csv --label-m", 3), "--label-mode");
  EXPECT_EQ(complete("zubr classify --label-mode c", 3), "code ");
}

TEST_F(Program, AClosedStandardOutputIsAnErrorNotAnEnd) {
  Command full = command({"config", "docs"});
  full.output_file = "/dev/full";
  const Finished done = run(full);
  EXPECT_EQ(done.status, 6);
  EXPECT_SAYS(done.err, "cannot write to standard output");
}

TEST_F(Program, WithoutAnyHomeItSaysWhatToSet) {
  Command homeless = command({"models", "list"});
  homeless.environment["HOME"] = "";
  homeless.environment["ZUBR_HOME"] = "";
  const Finished done = run(homeless);
  EXPECT_EQ(done.status, 2);
  EXPECT_SAYS(done.err, "ZUBR_HOME");
}

}  // namespace
}  // namespace zubr::e2e
