#include "core/text_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "core/atomic_file.h"

namespace zubr::core {
namespace {

class Descriptor {
 public:
  Descriptor(int fd, bool owned) : fd_(fd), owned_(owned) {}
  ~Descriptor() {
    if (owned_ && fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
  bool owned_;
};

}  // namespace

Result<std::string> read_text_file(const std::filesystem::path& file, std::size_t max_bytes) {
  const bool standard_input = file == "-";
  const Descriptor in(standard_input ? STDIN_FILENO : ::open(file.c_str(), O_RDONLY | O_CLOEXEC), !standard_input);
  if (in.get() < 0) return fail(system_error(message("cannot read {}", file.string()), errno));
  std::string text;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t got = ::read(in.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(system_error(message("cannot read {}", file.string()), errno));
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > max_bytes)
      return fail(ErrorCode::kTooLarge, "{} is larger than {} bytes, the limit for such a file", file.string(),
                  max_bytes);
  }
}

Result<void> write_text_file(const std::filesystem::path& file, std::string_view text) {
  std::error_code made;
  if (file.has_parent_path()) std::filesystem::create_directories(file.parent_path(), made);
  if (made) return fail(system_error(message("cannot make the folder {}", file.parent_path().string()), made.value()));
  ZUBR_TRY(out, AtomicFile::create(file));
  ZUBR_CHECK(out.write(text));
  return out.commit();
}

}  // namespace zubr::core
