// Completion scripts for bash, zsh and fish, made from the tree of commands. Pure.
#pragma once

#include <string>

#include "cli/command_tree.h"

namespace zubr::cli {

std::string bash_completion(const CommandNode& root);
std::string zsh_completion(const CommandNode& root);
std::string fish_completion(const CommandNode& root);

}  // namespace zubr::cli
