// The commands about answers from elsewhere: who there is, where a request would go, what it cost, what it may cost.
#pragma once

namespace CLI {
class App;
}

namespace zubr::cli {

class CommandLine;

void add_providers(CLI::App& root, CommandLine& line);
void add_route(CLI::App& root, CommandLine& line);
void add_usage(CLI::App& root, CommandLine& line);
void add_budget(CLI::App& root, CommandLine& line);

}  // namespace zubr::cli
