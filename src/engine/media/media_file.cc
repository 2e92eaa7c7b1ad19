#include "engine/media/media_file.h"

#include <optional>

namespace zubr::engine {
namespace {

std::int64_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }
std::int64_t big16(std::string_view bytes, std::size_t at) { return byte_at(bytes, at) << 8 | byte_at(bytes, at + 1); }
std::int64_t big32(std::string_view bytes, std::size_t at) { return big16(bytes, at) << 16 | big16(bytes, at + 2); }
std::int64_t little16(std::string_view bytes, std::size_t at) {
  return byte_at(bytes, at + 1) << 8 | byte_at(bytes, at);
}
std::int64_t little32(std::string_view bytes, std::size_t at) {
  return little16(bytes, at + 2) << 16 | little16(bytes, at);
}

struct Size {
  std::int64_t width = 0, height = 0;
};

// RFC 2083, 11.2.1: the header chunk comes first.
std::optional<Size> png_size(std::string_view bytes) {
  if (bytes.size() < 24) return std::nullopt;
  return Size{big32(bytes, 16), big32(bytes, 20)};
}

std::optional<Size> gif_size(std::string_view bytes) {
  if (bytes.size() < 10) return std::nullopt;
  return Size{little16(bytes, 6), little16(bytes, 8)};
}

// A height below zero is a picture from top to bottom; headers of OS/2 have two bytes each.
std::optional<Size> bmp_size(std::string_view bytes) {
  if (bytes.size() < 26) return std::nullopt;
  if (little32(bytes, 14) == 12) return Size{little16(bytes, 18), little16(bytes, 20)};
  const auto magnitude = [](std::int64_t value) {
    const auto number = static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
    return number < 0 ? -static_cast<std::int64_t>(number) : number;
  };
  return Size{magnitude(little32(bytes, 18)), magnitude(little32(bytes, 22))};
}

// ITU T.81, B.1.1: segments up to the frame header. Several frame headers: the largest counts.
std::optional<Size> jpeg_size(std::string_view bytes) {
  std::optional<Size> found;
  std::size_t at = 2;
  while (at + 4 <= bytes.size()) {
    if (byte_at(bytes, at) != 0xFF) return found;  // the picture itself
    const std::int64_t marker = byte_at(bytes, at + 1);
    if (marker == 0xFF) {  // filling
      ++at;
      continue;
    }
    if (marker == 0xD9 || marker == 0xDA) return found;
    if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD7)) {
      at += 2;
      continue;
    }
    const bool frame = marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (frame && at + 9 <= bytes.size()) {
      const Size size{big16(bytes, at + 7), big16(bytes, at + 5)};
      if (!found || size.width * size.height > found->width * found->height) found = size;
    }
    at += 2 + static_cast<std::size_t>(big16(bytes, at + 2));
  }
  return found;
}

Result<MediaFile> picture(std::string_view kind, const std::optional<Size>& size) {
  if (!size || size->width < 1 || size->height < 1)
    return fail(ErrorCode::kCorrupt, "the {} picture does not say how large it is; it is cut or damaged", kind);
  if (size->width > kMaxSide || size->height > kMaxSide || size->width * size->height > kMaxPixels)
    return fail(ErrorCode::kTooLarge, "the picture has {} x {} pixels; at most {} and no side over {} are read",
                size->width, size->height, kMaxPixels, kMaxSide);
  return MediaFile{.sound = false, .width = size->width, .height = size->height};
}

// An MPEG audio frame: eleven bits set, then version and layer III (ISO 11172-3, 2.4.1.3).
bool is_mp3(std::string_view bytes) {
  if (bytes.starts_with("ID3")) return true;
  return bytes.size() > 2 && byte_at(bytes, 0) == 0xFF && (byte_at(bytes, 1) & 0xE6) == 0xE2;
}

// RIFF: chunks of a name, a length and so many bytes, on even places. What the samples are has to come before them, and
// once: a second header might be the one that is believed.
Result<MediaFile> wave(std::string_view bytes) {
  bool described = false;
  std::size_t at = 12;
  while (at + 8 <= bytes.size()) {
    const std::string_view name = bytes.substr(at, 4);
    const auto length = static_cast<std::size_t>(little32(bytes, at + 4));
    if (name == "data") break;
    if (name == "fmt ") {
      if (described || length < 16 || at + 24 > bytes.size())
        return fail(ErrorCode::kCorrupt, "the WAV file does not say once what its samples are; it is damaged");
      described = true;
      const std::int64_t format = little16(bytes, at + 8), channels = little16(bytes, at + 10),
                         rate = little32(bytes, at + 12);
      const bool known = format == 1 || format == 3 || format == 6 || format == 7 || format == 0xFFFE;
      if (!known || channels < 1 || channels > 8 || rate < 4'000 || rate > 192'000)
        return fail(
            ErrorCode::kUnsupported,
            "the WAV file has format {}, {} channels and {} samples a second; PCM, floats, A-law and µ-law of 1 "
            "to 8 channels and 4,000 to 192,000 are read",
            format, channels, rate);
    }
    if (length > bytes.size() - at - 8) break;
    at += 8 + length + length % 2;
  }
  if (!described)
    return fail(ErrorCode::kCorrupt, "the WAV file does not say what its samples are; it is cut or damaged");
  return MediaFile{.sound = true};
}

}  // namespace

Result<MediaFile> inspect_media(std::string_view bytes) {
  if (bytes.size() > kMaxMediaBytes)
    return fail(ErrorCode::kTooLarge, "the file has {} bytes; at most {} are read", bytes.size(), kMaxMediaBytes);
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return picture("PNG", png_size(bytes));
  if (bytes.starts_with("\xFF\xD8\xFF")) return picture("JPEG", jpeg_size(bytes));
  if (bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a")) return picture("GIF", gif_size(bytes));
  if (bytes.starts_with("BM")) return picture("BMP", bmp_size(bytes));
  if (bytes.starts_with("RIFF") && bytes.size() >= 12 && bytes.substr(8, 4) == "WAVE") return wave(bytes);
  if (!is_mp3(bytes))
    return fail(ErrorCode::kUnsupported, "the file is neither a picture (PNG, JPEG, GIF, BMP) nor a sound (WAV, MP3)");
  if (bytes.size() > kMaxMp3Bytes)
    return fail(ErrorCode::kTooLarge, "the MP3 file has {} bytes; at most {} are read", bytes.size(), kMaxMp3Bytes);
  return MediaFile{.sound = true};
}

}  // namespace zubr::engine
