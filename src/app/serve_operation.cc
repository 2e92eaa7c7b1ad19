#include "app/serve_operation.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>

#include "core/atomic_file.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/machine.h"

namespace zubr::app {
namespace {

// Appends whole lines to a file, or standard error; rotation by renaming needs a restart. Any thread.
class AccessLog {
 public:
  static Result<std::shared_ptr<AccessLog>> open(const std::string& where) {
    if (where == "-") return std::make_shared<AccessLog>(STDERR_FILENO);
    constexpr int kOwnerOnly = 0600;
    const int file = ::open(where.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, kOwnerOnly);
    if (file < 0) return tl::unexpected(core::system_error("cannot write the access log " + where, errno));
    return std::make_shared<AccessLog>(file);
  }
  explicit AccessLog(int file) : file_(file) {}
  ~AccessLog() {
    if (file_ != STDERR_FILENO) ::close(file_);
  }
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  void write(std::string line) {
    line += '\n';
    const std::lock_guard lock(mutex_);
    const bool written = ::write(file_, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    if (!written && !complained_) core::log_error("the access log cannot be written; requests are answered without");
    complained_ = !written;
  }

 private:
  std::mutex mutex_;
  const int file_;
  bool complained_ = false;
};

}  // namespace

Result<void> add_operation(const core::Settings& settings, server::ServerOptions& options) {
  static const core::SystemClock clock;
  ZUBR_TRY(home, core::zubr_home(core::process_environment()));
  options.folder = home / "server";
  ZUBR_TRY(keys, access::KeyRing::open(home, clock));
  options.keys = std::move(keys);
  const std::string& where = settings.text("serve.access_log");
  if (where.empty()) return {};
  ZUBR_TRY(log, AccessLog::open(where));
  options.on_request = [log = std::move(log)](const server::AccessRecord& record) {
    log->write(server::access_line(record));
  };
  return {};
}

}  // namespace zubr::app
