#include "cli/command_tree.h"

#include <CLI/App.hpp>

namespace zubr::cli {
namespace {

OptionNode option_node(const CLI::Option& option) {
  OptionNode node;
  for (const std::string& name : option.get_lnames()) node.names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) node.names.push_back("-" + name);
  node.what = option.get_description();
  node.takes_value = option.get_type_size() != 0;
  node.value = option.get_type_name();
  return node;
}

CommandNode node_of(const CLI::App& app, std::vector<std::string> path) {
  CommandNode node{
      .path = std::move(path), .what = app.get_description(), .options = {}, .arguments = {}, .commands = {}};
  for (const CLI::Option* option : app.get_options({}))
    (option->get_positional() ? node.arguments : node.options).push_back(option_node(*option));
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    std::vector<std::string> inner = node.path;
    inner.push_back(command->get_name());
    node.commands.push_back(node_of(*command, std::move(inner)));
  }
  return node;
}

void append(const CommandNode& node, std::vector<const CommandNode*>& out) {
  out.push_back(&node);
  for (const CommandNode& command : node.commands) append(command, out);
}

}  // namespace

CommandNode command_tree(const CLI::App& root) { return node_of(root, {}); }

std::vector<const CommandNode*> flatten(const CommandNode& root) {
  std::vector<const CommandNode*> nodes;
  append(root, nodes);
  return nodes;
}

}  // namespace zubr::cli
