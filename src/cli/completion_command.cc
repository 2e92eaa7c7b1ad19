// zubr completion bash | zsh | fish
#include <ostream>

#include "cli/command_line.h"
#include "cli/completion.h"
#include "cli/exit_code.h"

namespace zubr::cli {

void add_completion(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(root, "completion", "Print a script that completes zubr's commands in a shell",
                                       "This program", "  source <(zubr completion bash)\n");
  const auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "bash, zsh or fish")->required()->type_name("bash|zsh|fish");
  command->callback([&line, &root, shell] {
    line.action_reads_settings = false;
    line.action = [&root, shell](Session& session) -> Result<int> {
      const CommandNode tree = command_tree(root);
      if (*shell == "bash") {
        session.console.out << bash_completion(tree);
      } else if (*shell == "zsh") {
        session.console.out << zsh_completion(tree);
      } else if (*shell == "fish") {
        session.console.out << fish_completion(tree);
      } else {
        return fail(ErrorCode::kInvalidArgument, "there is no completion for '{}'; there is for bash, zsh and fish",
                    *shell);
      }
      return kExitOk;
    };
  });
}

}  // namespace zubr::cli
