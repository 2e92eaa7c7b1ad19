#include "formats/output_stream.h"

#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <optional>
#include <vector>

#include "core/atomic_file.h"
#include "formats/byte_source.h"

namespace zubr::formats {
namespace {

constexpr int kZstdLevel = 3;

// Turns bytes into compressed bytes. `last` closes the stream.
class Compressor {
 public:
  using Sink = std::function<Result<void>(std::string_view)>;
  virtual ~Compressor() = default;
  virtual Result<void> compress(std::string_view bytes, bool last, const Sink& sink) = 0;
};

class PlainCompressor final : public Compressor {
 public:
  Result<void> compress(std::string_view bytes, bool, const Sink& sink) override { return sink(bytes); }
};

class GzipCompressor final : public Compressor {
 public:
  GzipCompressor() { ready_ = deflateInit2(&stream_, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK; }
  GzipCompressor(const GzipCompressor&) = delete;
  GzipCompressor& operator=(const GzipCompressor&) = delete;
  ~GzipCompressor() override { deflateEnd(&stream_); }

  Result<void> compress(std::string_view bytes, bool last, const Sink& sink) override {
    if (!ready_) return fail(ErrorCode::kOutOfMemory, "no memory to compress the output");
    int status = Z_OK;
    do {
      const std::size_t piece = std::min<std::size_t>(bytes.size(), 1u << 30);
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
      stream_.avail_in = static_cast<uInt>(piece);
      do {
        stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
        stream_.avail_out = static_cast<uInt>(out_.size());
        status = deflate(&stream_, last && piece == bytes.size() ? Z_FINISH : Z_NO_FLUSH);
        ZUBR_CHECK(sink({out_.data(), out_.size() - stream_.avail_out}));
      } while (stream_.avail_out == 0);
      bytes.remove_prefix(piece);
    } while (!bytes.empty());
    if (last && status != Z_STREAM_END) return fail(ErrorCode::kInternal, "the gzip stream could not be closed");
    return {};
  }

 private:
  z_stream stream_{};
  std::vector<char> out_ = std::vector<char>(256u << 10);
  bool ready_ = false;
};

class ZstdCompressor final : public Compressor {
 public:
  ZstdCompressor() : stream_(ZSTD_createCCtx()) {
    if (stream_ != nullptr) ZSTD_CCtx_setParameter(stream_, ZSTD_c_compressionLevel, kZstdLevel);
  }
  ZstdCompressor(const ZstdCompressor&) = delete;
  ZstdCompressor& operator=(const ZstdCompressor&) = delete;
  ~ZstdCompressor() override { ZSTD_freeCCtx(stream_); }

  Result<void> compress(std::string_view bytes, bool last, const Sink& sink) override {
    if (stream_ == nullptr) return fail(ErrorCode::kOutOfMemory, "no memory to compress the output");
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (;;) {
      ZSTD_outBuffer out{out_.data(), out_.size(), 0};
      const std::size_t left = ZSTD_compressStream2(stream_, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
      if (ZSTD_isError(left)) {
        return fail(ErrorCode::kInternal, "the output could not be compressed: {}", ZSTD_getErrorName(left));
      }
      ZUBR_CHECK(sink({out_.data(), out.pos}));
      if (last ? left == 0 : in.pos == in.size) return {};
    }
  }

 private:
  ZSTD_CCtx* stream_;
  std::vector<char> out_ = std::vector<char>(256u << 10);
};

std::unique_ptr<Compressor> compressor_for(const std::filesystem::path& path) {
  switch (compression_of(path)) {
    case Compression::kGzip: return std::make_unique<GzipCompressor>();
    case Compression::kZstd: return std::make_unique<ZstdCompressor>();
    case Compression::kNone: break;
  }
  return std::make_unique<PlainCompressor>();
}

Result<void> write_to_stdout(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return fail(core::system_error("cannot write standard output", errno));
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

class FileStream final : public OutputStream {
 public:
  FileStream(std::optional<core::AtomicFile> file, std::unique_ptr<Compressor> compressor)
      : file_(std::move(file)), compressor_(std::move(compressor)) {}

  Result<void> flush() override { return send(false); }
  Result<void> finish() override {
    ZUBR_CHECK(send(true));
    return file_ ? file_->commit() : Result<void>();
  }

 private:
  Result<void> send(bool last) {
    ZUBR_CHECK(compressor_->compress(buffer_, last, [this](std::string_view bytes) {
      return file_ ? file_->write(bytes) : write_to_stdout(bytes);
    }));
    buffer_.clear();
    return {};
  }

  std::optional<core::AtomicFile> file_;  // none = standard output
  std::unique_ptr<Compressor> compressor_;
};

}  // namespace

Result<std::unique_ptr<OutputStream>> OutputStream::create(const std::filesystem::path& path) {
  if (path == "-") return std::make_unique<FileStream>(std::nullopt, std::make_unique<PlainCompressor>());
  ZUBR_TRY(file, core::AtomicFile::create(path));
  return std::make_unique<FileStream>(std::move(file), compressor_for(path));
}

}  // namespace zubr::formats
