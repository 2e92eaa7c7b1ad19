// zubr help [COMMAND …]
#include <ostream>

#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/suggest.h"

namespace zubr::cli {

void add_help(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(
      root, "help", "Show how to use a command, or the exit codes (zubr help exit-codes)", "This program");
  const auto topic = std::make_shared<std::vector<std::string>>();
  command->add_option("COMMAND", *topic, "a command, or exit-codes");
  command->callback([&line, &root, topic] {
    line.action_reads_settings = false;
    line.action = [&root, topic](Session& session) -> Result<int> {
      if (*topic == std::vector<std::string>{"exit-codes"}) {
        session.console.out << exit_codes_markdown();
        return kExitOk;
      }
      const CLI::App* at = &root;
      for (const std::string& word : *topic) {
        const CLI::App* next = find_command(*at, word);
        if (next == nullptr) return fail(unknown_command(*at, word));
        at = next;
      }
      session.console.out << help_of(*at);
      return kExitOk;
    };
  });
}

}  // namespace zubr::cli
