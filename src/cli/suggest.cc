#include "cli/suggest.h"

#include <CLI/App.hpp>

#include "core/message.h"
#include "core/nearest.h"

namespace zubr::cli {
namespace {

std::string full_name(const CLI::App& app) {
  const std::string parent = app.get_parent() == nullptr ? std::string() : full_name(*app.get_parent()) + " ";
  return parent + app.get_name();
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* at = &app; at != nullptr; at = at->get_parent())
    for (const CLI::Option* option : at->get_options({}))
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

const CLI::App& deepest(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? app : deepest(*parsed.back());
}

}  // namespace

const CLI::App* find_command(const CLI::App& at, const std::string& name) {
  for (const CLI::App* command : at.get_subcommands([](const CLI::App*) { return true; }))
    if (command->get_name() == name) return command;
  return nullptr;
}

Error unknown_command(const CLI::App& at, const std::string& word) {
  std::vector<std::string> names;
  for (const CLI::App* command : at.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  if (const auto near = core::nearest(word, names))
    return Error(ErrorCode::kInvalidArgument,
                 message("there is no command '{} {}'; did you mean '{}'?", full_name(at), word, *near));
  return Error(ErrorCode::kInvalidArgument,
               message("there is no command '{} {}'; all commands: {} --help", full_name(at), word, full_name(at)));
}

Error unknown_option(const CLI::App& at, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  if (const auto near = core::nearest(name, option_names(at)))
    return Error(ErrorCode::kInvalidArgument, message("there is no option '{}'; did you mean '{}'?", name, *near));
  return Error(ErrorCode::kInvalidArgument,
               message("there is no option '{}'; all options: {} --help", name, full_name(at)));
}

std::string help_of(const CLI::App& command) {
  // The parser puts the command's own name behind what it is given.
  return command.help(command.get_parent() == nullptr ? std::string() : full_name(*command.get_parent()));
}

std::string help_of_parsed(const CLI::App& root) { return help_of(deepest(root)); }

Error explain(const CLI::App& root, const CLI::ParseError& error) {
  const CLI::App& at = deepest(root);
  // Something unknown first: it is often the reason why something else is missing.
  for (const std::string& word : root.remaining(true))
    if (word.size() > 1 && word.front() == '-') return unknown_option(at, word);
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    const auto extra = root.remaining(true);
    const std::string word = extra.empty() ? std::string() : extra.front();
    if (!at.get_subcommands([](const CLI::App*) { return true; }).empty()) return unknown_command(at, word);
    return Error(ErrorCode::kInvalidArgument,
                 message("'{}' is one argument too many; how to use it: {} --help", word, full_name(at)));
  }
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    std::string what = error.what();
    if (const auto end = what.find(" is required"); end != std::string::npos) what.resize(end);
    return Error(ErrorCode::kInvalidArgument, message("{} is missing; how to use it: {} --help", what, full_name(at)));
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    std::string what = error.what();
    const auto end = what.find(": ");
    if (end != std::string::npos && what.find("missing") != std::string::npos)
      return Error(ErrorCode::kInvalidArgument,
                   message("{} needs a value; how to use it: {} --help", what.substr(0, end), full_name(at)));
  }
  return Error(ErrorCode::kInvalidArgument, message("{}; how to use it: {} --help", error.what(), full_name(at)));
}

}  // namespace zubr::cli
