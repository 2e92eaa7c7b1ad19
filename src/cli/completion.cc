#include "cli/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace zubr::cli {
namespace {

constexpr std::string_view kModelNames = "zubr models list --names 2>/dev/null";

std::string path_key(const CommandNode& node) { return fmt::format("{}", fmt::join(node.path, " ")); }

// "text|code" → {"text", "code"}; none for FILE, TEXT, FILE|A,B,C …
std::vector<std::string> choices(const OptionNode& option) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at <= option.value.size();) {
    const std::size_t bar = std::min(option.value.find('|', at), option.value.size());
    all.push_back(option.value.substr(at, bar - at));
    at = bar + 1;
  }
  const auto is_word = [](const std::string& word) {
    return !word.empty() &&
           std::ranges::all_of(word, [](char c) { return (c >= 'a' && c <= 'z') || c == '-' || c == '_'; });
  };
  return all.size() > 1 && std::ranges::all_of(all, is_word) ? all : std::vector<std::string>{};
}

bool is_file(const OptionNode& option) { return option.value.find("FILE") != std::string::npos; }
bool is_model(const OptionNode& option) { return option.value == "MODEL"; }

// In single quotes of a POSIX shell.
std::string shell_quote(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string first_sentence(const std::string& text) {
  const std::size_t end = text.find(". ");
  std::string out = end == std::string::npos ? text : text.substr(0, end);
  const std::size_t bracket = out.rfind(" [");
  return bracket == std::string::npos ? out : out.substr(0, bracket);
}

std::vector<std::string> words_of(const CommandNode& node) {
  std::vector<std::string> words;
  for (const CommandNode& command : node.commands) words.push_back(command.path.back());
  for (const OptionNode& option : node.options) words.insert(words.end(), option.names.begin(), option.names.end());
  return words;
}

// What bash or zsh run to complete the value of an option: a file name where nothing better is known.
std::string value_case(const OptionNode& option, std::string_view word) {
  if (const auto list = choices(option); !list.empty())
    return fmt::format("COMPREPLY=($(compgen -W {} -- {}))", shell_quote(fmt::format("{}", fmt::join(list, " "))),
                       word);
  if (is_model(option))
    return fmt::format("COMPREPLY=($(compgen -W \"$({})\" -- {}) $(compgen -f -X '!*.gguf' -- {}))", kModelNames, word,
                       word);
  if (is_file(option)) return fmt::format("compopt -o filenames; COMPREPLY=($(compgen -f -- {}))", word);
  return "COMPREPLY=()";
}

}  // namespace

std::string bash_completion(const CommandNode& root) {
  std::string paths, values, words;
  for (const CommandNode* node : flatten(root)) {
    const std::string key = path_key(*node);
    if (!key.empty()) paths += fmt::format("      {}) path=$next ;;\n", shell_quote(key));
    for (const OptionNode& option : node->options) {
      if (!option.takes_value) continue;
      std::string patterns;
      for (const std::string& name : option.names)
        patterns += fmt::format("{}{}", patterns.empty() ? "" : "|", shell_quote(key + ":" + name));
      values += fmt::format("    {}) {}; return ;;\n", patterns, value_case(option, "\"$cur\""));
    }
    std::string positional;
    for (const OptionNode& argument : node->arguments)
      if (is_model(argument)) positional = fmt::format(" $({})", kModelNames);
    words += fmt::format("    {}) words=\"{}{}\" ;;\n", shell_quote(key), fmt::join(words_of(*node), " "), positional);
  }
  return fmt::format(R"(# bash completion for zubr. To use it: source <(zubr completion bash)
_zubr() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} path= next word words=
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    next=${{path:+$path }}$word
    case $next in
{}    esac
  done
  case $path:$prev in
{}  esac
  case $path in
{}  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  if [[ $cur != -* ]]; then
    compopt -o filenames
    COMPREPLY+=($(compgen -f -- "$cur"))
  fi
}}
complete -F _zubr zubr
)",
                     paths, values, words);
}

std::string zsh_completion(const CommandNode& root) {
  // zsh runs bash's completion functions through its own bashcompinit.
  return "#compdef zubr\n# zsh completion for zubr. To use it: source <(zubr completion zsh)\n"
         "autoload -U +X compinit && compinit -u\nautoload -U +X bashcompinit && bashcompinit\ncompopt() { :; }\n" +
         bash_completion(root);
}

std::string fish_completion(const CommandNode& root) {
  std::string out =
      "# fish completion for zubr. To use it: zubr completion fish | source\n"
      "function __zubr_at\n"
      "  set -l words\n"
      "  for word in (commandline -opc)[2..-1]\n"
      "    string match -q -- '-*' $word; or set -a words $word\n"
      "  end\n"
      "  test \"$words[1..(count $argv)]\" = \"$argv\"\n"
      "end\n";
  for (const CommandNode* node : flatten(root)) {
    const std::string at =
        node->path.empty() ? std::string() : fmt::format(" -n {}", shell_quote("__zubr_at " + path_key(*node)));
    for (const CommandNode& command : node->commands) {
      const std::string where = node->path.empty() ? std::string(" -n __fish_use_subcommand") : at;
      out += fmt::format("complete -c zubr{} -f -a {} -d {}\n", where, command.path.back(),
                         shell_quote(first_sentence(command.what)));
    }
    for (const OptionNode& option : node->options) {
      std::string names;
      for (const std::string& name : option.names)
        names += name.starts_with("--") ? fmt::format(" -l {}", name.substr(2)) : fmt::format(" -s {}", name.substr(1));
      std::string value;
      if (const auto list = choices(option); !list.empty()) {
        value = fmt::format(" -x -a {}", shell_quote(fmt::format("{}", fmt::join(list, " "))));
      } else if (is_model(option)) {
        value = fmt::format(" -r -a {}", shell_quote(fmt::format("({})", kModelNames)));
      } else if (option.takes_value) {
        value = is_file(option) ? " -r -F" : " -x";
      }
      out += fmt::format("complete -c zubr{}{}{} -d {}\n", at, names, value, shell_quote(first_sentence(option.what)));
    }
    for (const OptionNode& argument : node->arguments)
      if (is_model(argument))
        out += fmt::format("complete -c zubr{} -a {}\n", at, shell_quote(fmt::format("({})", kModelNames)));
  }
  return out;
}

}  // namespace zubr::cli
