#include "e2e/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>

namespace zubr::e2e {
namespace {

constexpr uid_t kNobody = 65534;

using Pipe = std::array<int, 2>;

Pipe make_pipe() {
  Pipe ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  return ends;
}

void close_one(int& descriptor) {
  if (descriptor >= 0) ::close(descriptor);
  descriptor = -1;
}

std::vector<std::string> environment_of(const Command& command) {
  std::map<std::string, std::string> all;
  for (char** at = ::environ; *at != nullptr; ++at) {
    const std::string entry = *at;
    all[entry.substr(0, entry.find('='))] = entry.substr(entry.find('=') + 1);
  }
  for (const auto& [name, value] : command.environment) all[name] = value;
  std::vector<std::string> entries;
  for (const auto& [name, value] : all)
    if (!value.empty()) entries.push_back(name + "=" + value);
  return entries;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

Process::Process(const Command& command) : input_(command.input) {
  Pipe in = make_pipe(), out = make_pipe(), err = make_pipe();
  std::vector<std::string> arguments = command.arguments, entries = environment_of(command);
  const std::vector<char*> argv = pointers(arguments), envp = pointers(entries);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("no process");
  if (pid_ == 0) {
    ::dup2(in[0], STDIN_FILENO);
    const int file = command.output_file.empty() ? out[1] : ::open(command.output_file.c_str(), O_WRONLY);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(err[1], STDERR_FILENO);
    const bool moved = ::chdir(command.folder.c_str()) == 0;
    const bool dropped = !command.without_root || ::getuid() != 0 || ::setuid(kNobody) == 0;
    if (moved && dropped) ::execve(argv[0], argv.data(), envp.data());
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  ::close(err[1]);
  in_ = in[1];
  out_ = out[0];
  err_ = err[0];
  for (const int descriptor : {in_, out_, err_}) ::fcntl(descriptor, F_SETFL, O_NONBLOCK);
  ::signal(SIGPIPE, SIG_IGN);
}

Process::~Process() {
  for (int* descriptor : {&in_, &out_, &err_}) close_one(*descriptor);
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool Process::pump(std::chrono::milliseconds wait) {
  if (in_ >= 0) {
    const ssize_t written = input_.empty() ? 0 : ::write(in_, input_.data(), input_.size());
    if (written > 0) input_.erase(0, static_cast<std::size_t>(written));
    if (input_.empty() || (written < 0 && errno != EAGAIN)) close_one(in_);
  }
  std::array<pollfd, 3> waiting{{{out_, POLLIN, 0}, {err_, POLLIN, 0}, {in_, POLLOUT, 0}}};
  ::poll(waiting.data(), waiting.size(), static_cast<int>(wait.count()));
  for (auto [descriptor, text] : {std::pair{&out_, &so_far_.out}, {&err_, &so_far_.err}}) {
    if (*descriptor < 0) continue;
    std::array<char, 65536> buffer;
    const ssize_t got = ::read(*descriptor, buffer.data(), buffer.size());
    if (got > 0) text->append(buffer.data(), static_cast<std::size_t>(got));
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) close_one(*descriptor);
  }
  return out_ >= 0 || err_ >= 0;
}

bool Process::wait_for_error_text(const std::string& text, std::chrono::seconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (so_far_.err.find(text) == std::string::npos) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    if (!pump(std::chrono::milliseconds(100))) return so_far_.err.find(text) != std::string::npos;
  }
  return true;
}

void Process::send_signal(int number) { ::kill(pid_, number); }

Finished Process::finish(std::chrono::seconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (pump(std::chrono::milliseconds(100)))
    if (std::chrono::steady_clock::now() > deadline)
      throw std::runtime_error("it did not end in time; it said: " + so_far_.err);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  so_far_.status = WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
  return so_far_;
}

}  // namespace zubr::e2e
