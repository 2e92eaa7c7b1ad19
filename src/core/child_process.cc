#include "core/child_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "core/atomic_file.h"

namespace zubr::core {
namespace {

[[noreturn]] void be_the_child(const std::function<std::string()>& work, int out) {
  for (const int number : {SIGINT, SIGTERM}) ::signal(number, SIG_DFL);
  int status = 1;
  try {
    const std::string text = work();
    status = 0;
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t written = ::write(out, text.data() + at, text.size() - at);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) ::_exit(1);
      at += static_cast<std::size_t>(written);
    }
  } catch (...) {
    status = 1;
  }
  ::_exit(status);  // without the parent's destructors and atexit handlers
}

std::string read_to_end(int in) {
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t got = ::read(in, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

}  // namespace

Result<std::string> run_in_child(const std::function<std::string()>& work) {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) return fail(system_error("cannot make a pipe", errno));
  const pid_t child = ::fork();
  if (child < 0) {
    const int error = errno;
    ::close(pipe[0]);
    ::close(pipe[1]);
    return fail(system_error("cannot start a process", error));
  }
  if (child == 0) be_the_child(work, pipe[1]);
  ::close(pipe[1]);
  std::string text = read_to_end(pipe[0]);
  ::close(pipe[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status))
    return fail(ErrorCode::kInternal, "it died of signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0) return fail(ErrorCode::kInternal, "it ended with status {}", WEXITSTATUS(status));
  return text;
}

}  // namespace zubr::core
