// The commands and options as plain data, read from the parser: what completion scripts and suggestions are made from.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace zubr::cli {

struct OptionNode {
  std::vector<std::string> names;  // "--output", "-o"; empty for a positional argument
  std::string what;
  bool takes_value = false;
  std::string value;  // "FILE", "MODEL", "text|code" …
};

struct CommandNode {
  std::vector<std::string> path;  // {"models", "add"}; empty for the program itself
  std::string what;
  std::vector<OptionNode> options;
  std::vector<OptionNode> arguments;
  std::vector<CommandNode> commands;
};

CommandNode command_tree(const CLI::App& root);

// All nodes, each before its children.
std::vector<const CommandNode*> flatten(const CommandNode& root);

}  // namespace zubr::cli
