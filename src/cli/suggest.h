// Errors of the command line in our words, with the nearest known command or option.
#pragma once

#include <string>

#include "core/error.h"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace zubr::cli {

// Null when there is none of that name.
const CLI::App* find_command(const CLI::App& at, const std::string& name);

Error unknown_command(const CLI::App& at, const std::string& word);
Error unknown_option(const CLI::App& at, const std::string& word);

std::string help_of(const CLI::App& command);
// The help of the command that was named, however deep.
std::string help_of_parsed(const CLI::App& root);

// What a failed parse of `root` means. `root` is in the state the parser left it in.
Error explain(const CLI::App& root, const CLI::ParseError& error);

}  // namespace zubr::cli
