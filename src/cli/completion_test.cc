#include "cli/completion.h"

#include <gtest/gtest.h>

namespace zubr::cli {
namespace {

CommandNode sample() {
  CommandNode list{.path = {"models", "list"},
                   .what = "Lists. Really",
                   .options = {{{"--json"}, "as JSON", false, ""}},
                   .arguments = {},
                   .commands = {}};
  CommandNode rm{.path = {"models", "rm"},
                 .what = "Forget",
                 .options = {},
                 .arguments = {{{}, "which", true, "MODEL"}},
                 .commands = {}};
  CommandNode models{
      .path = {"models"}, .what = "Model's names", .options = {}, .arguments = {}, .commands = {list, rm}};
  CommandNode classify{.path = {"classify"},
                       .what = "Sorts",
                       .options = {{{"--label-mode"}, "How. More [ZUBR_X]", true, "text|code"},
                                   {{"--output", "-o"}, "where", true, "FILE"},
                                   {{"--model"}, "which", true, "MODEL"}},
                       .arguments = {},
                       .commands = {}};
  return {.path = {},
          .what = "zubr",
          .options = {{{"--version"}, "versions", false, ""}},
          .arguments = {},
          .commands = {classify, models}};
}

void expect_parts(const std::string& script, std::initializer_list<const char*> parts) {
  for (const char* part : parts) EXPECT_NE(script.find(part), std::string::npos) << part << "\n" << script;
}

TEST(BashCompletion, KnowsCommandsOptionsChoicesAndModels) {
  expect_parts(bash_completion(sample()),
               {"'') words=\"classify models --version\"", "'models') words=\"list rm\"", "'models list') path=$next",
                "'classify:--label-mode') COMPREPLY=($(compgen -W 'text code' -- \"$cur\"))",
                "'classify:--output'|'classify:-o')", "zubr models list --names", "complete -F _zubr zubr"});
}

TEST(FishCompletion, KnowsCommandsOptionsChoicesAndModels) {
  expect_parts(fish_completion(sample()),
               {"complete -c zubr -n __fish_use_subcommand -f -a models -d 'Model'\\''s names'",
                "complete -c zubr -n '__zubr_at classify' -l label-mode -x -a 'text code' -d 'How'",
                "complete -c zubr -n '__zubr_at models rm' -a '(zubr models list --names 2>/dev/null)'",
                "complete -c zubr -n '__zubr_at models' -f -a list -d 'Lists'"});
}

TEST(ZshCompletion, RunsTheBashFunctions) {
  expect_parts(zsh_completion(sample()), {"#compdef zubr", "bashcompinit", "complete -F _zubr zubr"});
}

}  // namespace
}  // namespace zubr::cli
