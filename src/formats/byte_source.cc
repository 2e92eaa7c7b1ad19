#include "formats/byte_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <string>
#include <vector>

#include "core/atomic_file.h"

namespace zubr::formats {
namespace {

constexpr std::size_t kCompressedChunk = 256u << 10;

class FileSource final : public ByteSource {
 public:
  FileSource(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override {
    if (fd_ > STDIN_FILENO) ::close(fd_);
  }

  Result<std::size_t> read(char* buffer, std::size_t size) override {
    for (;;) {
      const ssize_t got = ::read(fd_, buffer, size);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) return fail(core::system_error(fmt::format("cannot read {}", name_), errno));
    }
  }

 private:
  int fd_;
  std::string name_;
};

class GzipSource final : public ByteSource {
 public:
  GzipSource(std::unique_ptr<ByteSource> inner, std::string name)
      : inner_(std::move(inner)), name_(std::move(name)), input_(kCompressedChunk) {
    // 15 bits of window, +16: gzip wrapping only.
    ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK;
  }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;
  ~GzipSource() override { inflateEnd(&stream_); }

  Result<std::size_t> read(char* buffer, std::size_t size) override {
    if (!ready_) return fail(ErrorCode::kOutOfMemory, "no memory to decompress {}", name_);
    stream_.next_out = reinterpret_cast<Bytef*>(buffer);
    stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(size, 1u << 30));
    const uInt wanted = stream_.avail_out;
    while (stream_.avail_out == wanted) {
      if (stream_.avail_in == 0) {
        ZUBR_TRY(got, inner_->read(input_.data(), input_.size()));
        if (got == 0) {
          if (between_members_ && any_) return 0u;
          return fail(ErrorCode::kCorrupt, "{} ends in the middle of its gzip data; copy or download it again", name_);
        }
        stream_.next_in = reinterpret_cast<Bytef*>(input_.data());
        stream_.avail_in = static_cast<uInt>(got);
      }
      if (between_members_) {
        if (any_) inflateReset(&stream_);
        between_members_ = false;
      }
      const int status = inflate(&stream_, Z_NO_FLUSH);
      if (status == Z_STREAM_END) {
        between_members_ = true;
        any_ = true;
      } else if (status != Z_OK && status != Z_BUF_ERROR) {
        return fail(ErrorCode::kCorrupt, "{} is not sound gzip data ({}); copy or download it again", name_,
                    stream_.msg != nullptr ? stream_.msg : "error in the stream");
      }
    }
    return wanted - stream_.avail_out;
  }

 private:
  std::unique_ptr<ByteSource> inner_;
  std::string name_;
  std::vector<char> input_;
  z_stream stream_{};
  bool ready_ = false;
  bool between_members_ = true;
  bool any_ = false;  // a whole member was read
};

class ZstdSource final : public ByteSource {
 public:
  ZstdSource(std::unique_ptr<ByteSource> inner, std::string name)
      : inner_(std::move(inner)), name_(std::move(name)), input_(kCompressedChunk), stream_(ZSTD_createDStream()) {}
  ZstdSource(const ZstdSource&) = delete;
  ZstdSource& operator=(const ZstdSource&) = delete;
  ~ZstdSource() override { ZSTD_freeDStream(stream_); }

  Result<std::size_t> read(char* buffer, std::size_t size) override {
    if (stream_ == nullptr) return fail(ErrorCode::kOutOfMemory, "no memory to decompress {}", name_);
    ZSTD_outBuffer out{buffer, size, 0};
    while (out.pos == 0) {
      if (in_.pos == in_.size && !full_) {
        ZUBR_TRY(got, inner_->read(input_.data(), input_.size()));
        if (got == 0) {
          if (hint_ == 0 && any_) return 0u;
          return fail(ErrorCode::kCorrupt, "{} ends in the middle of its zstd data; copy or download it again", name_);
        }
        in_ = {input_.data(), got, 0};
      }
      hint_ = ZSTD_decompressStream(stream_, &out, &in_);
      any_ = true;
      if (ZSTD_isError(hint_)) {
        return fail(ErrorCode::kCorrupt, "{} is not sound zstd data ({}); copy or download it again", name_,
                    ZSTD_getErrorName(hint_));
      }
      full_ = out.pos == out.size;  // more may wait inside, without new input
    }
    return out.pos;
  }

 private:
  std::unique_ptr<ByteSource> inner_;
  std::string name_;
  std::vector<char> input_;
  ZSTD_DStream* stream_;
  ZSTD_inBuffer in_{nullptr, 0, 0};
  std::size_t hint_ = 0;  // 0 between frames
  bool full_ = false;
  bool any_ = false;
};

}  // namespace

Compression compression_of(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (extension == ".gz") return Compression::kGzip;
  if (extension == ".zst") return Compression::kZstd;
  return Compression::kNone;
}

Result<std::unique_ptr<ByteSource>> open_source(const std::filesystem::path& path) {
  if (path == "-") return std::make_unique<FileSource>(STDIN_FILENO, "standard input");
  const std::string name = path.string();
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ENOENT) return fail(ErrorCode::kNotFound, "there is no file {}; check the path", name);
    return fail(core::system_error(fmt::format("cannot read {}", name), errno));
  }
  auto file = std::make_unique<FileSource>(fd, name);
  struct stat info {};
  if (::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
    return fail(ErrorCode::kInvalidArgument, "{} is a directory; name one file in it", name);
  }
  switch (compression_of(path)) {
    case Compression::kGzip: return std::make_unique<GzipSource>(std::move(file), name);
    case Compression::kZstd: return std::make_unique<ZstdSource>(std::move(file), name);
    case Compression::kNone: break;
  }
  return file;
}

}  // namespace zubr::formats
