// Runs a program as a user does: arguments, standard input, environment, signals; and takes what it says.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace zubr::e2e {

struct Command {
  std::vector<std::string> arguments = {};              // the program first
  std::string input = {};                               // all of standard input
  std::map<std::string, std::string> environment = {};  // on top of this process's own; "" removes a variable
  std::filesystem::path folder = ".";
  std::string output_file = {};  // standard output goes there instead: "/dev/full"
  bool without_root = false;     // as nobody, where this process is root
};

struct Finished {
  int status = -1;  // the exit status, or 1000 + the signal that killed it
  std::string out, err;
};

// A running program. Throws std::runtime_error when it cannot be started or does not end in time.
class Process {
 public:
  explicit Process(const Command& command);
  ~Process();  // kills it if it is still running
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // Until standard error has this text, or the program ends; true when it has.
  bool wait_for_error_text(const std::string& text, std::chrono::seconds limit = std::chrono::seconds(120));
  // What was read of it so far.
  const std::string& error_text() const { return so_far_.err; }
  void send_signal(int number);
  Finished finish(std::chrono::seconds limit = std::chrono::seconds(120));

 private:
  // Moves what is there; false when both outputs are closed.
  bool pump(std::chrono::milliseconds wait);

  pid_t pid_ = -1;
  int in_ = -1, out_ = -1, err_ = -1;
  std::string input_;
  Finished so_far_;
};

inline Finished run(const Command& command) { return Process(command).finish(); }

}  // namespace zubr::e2e
