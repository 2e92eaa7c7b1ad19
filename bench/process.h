// A child process: started, fed nothing, its output kept, its peak memory known at the end.
//
// One thread at a time. A Child that is still running is asked to end (SIGTERM) by the destructor and waited for.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace zubr::bench {

struct Ended {
  int exit_code = -1;  // 128 + signal where one ended it
  double wall_seconds = 0;
  std::int64_t peak_bytes = 0;  // largest resident set, file-backed pages (an mmapped model) included
  std::string output;           // stdout and stderr together
};

class Child {
 public:
  // Output goes to `log`. Ends the program with a message when `command` cannot be started.
  Child(const std::vector<std::string>& command, std::filesystem::path log);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool running();
  Ended wait();
  // Of a running child, so far.
  std::int64_t peak_bytes() const;
  void terminate();

 private:
  pid_t pid_ = -1;
  bool ended_ = false;
  double started_ = 0;
  std::filesystem::path log_;
  Ended result_;
  void reap(int options);
};

double now_seconds();
[[noreturn]] void die(const std::string& what);
std::string read_file(const std::filesystem::path& path);
// The words of a command, for people: quoted where a shell would need it.
std::string shell_line(const std::vector<std::string>& command);

}  // namespace zubr::bench
