#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <exception>
#include <iostream>
#include <new>
#include <string>
#include <vector>

#include "app/self_tests.h"
#include "app/wiring.h"
#include "cli/exit_code.h"
#include "cli/program.h"
#include "core/machine.h"

namespace {

int run(int argc, char** argv) {
  using namespace zubr;
  const core::SettingsRegistry registry = app::all_settings();
  const cli::Services services = app::all_services();
  cli::Console console{.in = std::cin,
                       .out = std::cout,
                       .err = std::cerr,
                       .in_is_terminal = core::is_terminal(core::StandardStream::kInput),
                       .out_is_terminal = core::is_terminal(core::StandardStream::kOutput),
                       .err_is_terminal = core::is_terminal(core::StandardStream::kError),
                       .width = core::terminal_width(core::StandardStream::kError)};
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return cli::run_program(arguments, registry, services, core::process_environment(), console);
}

// Without allocating: it may be called when there is no memory.
void complain(const char* what, const char* detail) { std::fprintf(stderr, "zubr: %s%s\n", what, detail); }

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);      // a closed pipe is an error of write(), not the end
  std::setlocale(LC_ALL, "C.UTF-8");  // numbers with a dot whatever the user's locale; text is UTF-8
  std::ios::sync_with_stdio(false);
  try {
    if (argc == 2 && std::strcmp(argv[1], zubr::app::kSelfTestArgument) == 0) {
      std::cout << zubr::app::self_test_lines() << std::flush;
      return std::cout ? zubr::cli::kExitOk : zubr::cli::kExitInternal;
    }
    return run(argc, argv);
  } catch (const std::bad_alloc&) {
    complain("out of memory; use a smaller model, a smaller context or close other programs", "");
  } catch (const std::exception& error) {
    complain("this is a defect of zubr, please report it: ", error.what());
  } catch (...) {
    complain("this is a defect of zubr, please report it", "");
  }
  return zubr::cli::kExitInternal;
}
