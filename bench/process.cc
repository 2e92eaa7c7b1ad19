#include "process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

extern char** environ;

namespace zubr::bench {

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void die(const std::string& what) {
  std::fprintf(stderr, "bench: %s\n", what.c_str());
  std::exit(1);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string shell_line(const std::vector<std::string>& command) {
  std::string line;
  for (const std::string& word : command) {
    if (!line.empty()) line += ' ';
    const bool plain = word.find_first_of(" \t\n'\"\\$*?;&|<>(){}#~`") == std::string::npos;
    line += plain ? word : "'" + word + "'";
  }
  return line;
}

Child::Child(const std::vector<std::string>& command, std::filesystem::path log) : log_(std::move(log)) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  started_ = now_seconds();
  const int error = posix_spawnp(&pid_, words[0], &files, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) die("cannot start " + command[0] + ": " + std::strerror(error));
}

Child::~Child() {
  terminate();
  wait();
}

void Child::reap(int options) {
  if (ended_) return;
  int status = 0;
  rusage usage{};
  if (wait4(pid_, &status, options, &usage) != pid_) return;
  ended_ = true;
  result_.wall_seconds = now_seconds() - started_;
  result_.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result_.peak_bytes = usage.ru_maxrss * 1024;  // Linux counts in KiB
  result_.output = read_file(log_);
}

bool Child::running() {
  reap(WNOHANG);
  return !ended_;
}

Ended Child::wait() {
  reap(0);
  return result_;
}

void Child::terminate() {
  if (running()) kill(pid_, SIGTERM);
}

std::int64_t Child::peak_bytes() const {
  std::ifstream status("/proc/" + std::to_string(pid_) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::strtoll(line.c_str() + 6, nullptr, 10) * 1024;
  }
  return 0;
}

}  // namespace zubr::bench
