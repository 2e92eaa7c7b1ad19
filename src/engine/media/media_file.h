// What a picture or a sound from outside is, by its first bytes, before anything decodes it. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/result.h"

namespace zubr::engine {

// The most that is decoded: a file of a few bytes can say that it is a picture of many gigabytes, or a sound of years.
inline constexpr std::size_t kMaxMediaBytes = 20u << 20;
inline constexpr std::size_t kMaxMp3Bytes = 4u << 20;  // at its least rate more than an hour
inline constexpr std::int64_t kMaxPixels = 40'000'000;
inline constexpr std::int64_t kMaxSide = 16'384;

struct MediaFile {
  bool sound = false;  // else a picture
  std::int64_t width = 0, height = 0;
};

// PNG, JPEG, GIF, BMP; WAV (PCM, floats, A-law, µ-law; 4,000 to 192,000 samples a second) and MP3. kUnsupported for
// anything else; kTooLarge, with both numbers, for more bytes, pixels or a longer side than the limits; kCorrupt for a
// picture that does not say how large it is and a WAV that does not say what it holds.
Result<MediaFile> inspect_media(std::string_view bytes);

}  // namespace zubr::engine
