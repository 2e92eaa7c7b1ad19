#include "core/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "core/atomic_file.h"

namespace zubr::core {
namespace {

// What posix_spawn needs, freed with it.
struct SpawnPlan {
  posix_spawn_file_actions_t files{};
  posix_spawnattr_t attributes{};

  explicit SpawnPlan(int out) {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    ::posix_spawnattr_init(&attributes);
    sigset_t defaults;
    ::sigemptyset(&defaults);
    for (const int number : {SIGINT, SIGTERM, SIGPIPE}) ::sigaddset(&defaults, number);
    ::posix_spawnattr_setsigdefault(&attributes, &defaults);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;
  ~SpawnPlan() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
};

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

// A child with a pipe from its standard output.
struct Child {
  pid_t id = -1;
  int out = -1;
};

Result<Child> start(const std::filesystem::path& program, const std::vector<std::string>& arguments) {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) return fail(system_error("cannot make a pipe", errno));
  std::string name = program.string();
  std::vector<std::string> words = arguments;
  std::vector<char*> argv{name.data()};
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  Child child{.id = -1, .out = pipe[0]};
  const SpawnPlan plan(pipe[1]);
  const int error = ::posix_spawn(&child.id, name.c_str(), &plan.files, &plan.attributes, argv.data(), environ);
  ::close(pipe[1]);
  if (error != 0) {
    ::close(pipe[0]);
    return fail(system_error("cannot start " + name, error));
  }
  return child;
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

Result<std::string> output_of(const std::filesystem::path& program, const std::vector<std::string>& arguments) {
  ZUBR_TRY(child, start(program, arguments));
  std::string text = read_to_end(child.out);
  ::close(child.out);
  const int status = wait_for(child.id);
  if (WIFSIGNALED(status))
    return fail(ErrorCode::kInternal, "it died of signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
  if (WEXITSTATUS(status) != 0) return fail(ErrorCode::kInternal, "it ended with status {}", WEXITSTATUS(status));
  return text;
}

Result<int> lines_of(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                     const std::function<void(std::string_view line)>& on_line, std::stop_token stop) {
  ZUBR_TRY(child, start(program, arguments));
  std::string pending;
  bool told = false;
  for (char buffer[4096];;) {
    if (stop.stop_requested() && !told) {
      ::kill(child.id, SIGTERM);
      told = true;
    }
    pollfd ready{.fd = child.out, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, 100) == 0) continue;
    const ssize_t got = ::read(child.out, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    pending.append(buffer, static_cast<std::size_t>(got));
    std::size_t begin = 0;
    for (std::size_t end; (end = pending.find('\n', begin)) != std::string::npos; begin = end + 1)
      on_line(std::string_view(pending).substr(begin, end - begin));
    pending.erase(0, begin);
  }
  if (!pending.empty()) on_line(pending);
  ::close(child.out);
  const int status = wait_for(child.id);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

std::filesystem::path own_program() { return "/proc/self/exe"; }

}  // namespace zubr::core
