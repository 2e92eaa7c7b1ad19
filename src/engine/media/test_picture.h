// For tests: pictures as BMP files, sounds as WAV files.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

namespace zubr::engine {

// 24 bits a pixel; colours run over it, from where `hue` says.
inline std::string test_picture(int width, int height, int hue) {
  const int row = (3 * width + 3) / 4 * 4;
  std::string bytes = "BM";
  const auto add = [&](std::uint32_t value, int size) {
    for (int i = 0; i < size; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
  };
  add(static_cast<std::uint32_t>(54 + row * height), 4);
  add(0, 4);
  add(54, 4);
  add(40, 4);
  add(static_cast<std::uint32_t>(width), 4);
  add(static_cast<std::uint32_t>(height), 4);
  add(1, 2);
  add(24, 2);
  for (int i = 0; i < 6; ++i) add(0, 4);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < row; ++x) bytes.push_back(static_cast<char>(hue + 7 * x + 13 * y));
  }
  return bytes;
}

// A second of 16 bits at 16,000 samples: a tone of `pitch` periods a second.
inline std::string test_sound(int pitch) {
  constexpr std::uint32_t kRate = 16'000;
  std::string bytes = "RIFF";
  const auto add = [&](std::uint32_t value, int size) {
    for (int i = 0; i < size; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
  };
  add(36 + 2 * kRate, 4);
  bytes += "WAVEfmt ";
  add(16, 4);
  add(1, 2);
  add(1, 2);
  add(kRate, 4);
  add(2 * kRate, 4);
  add(2, 2);
  add(16, 2);
  bytes += "data";
  add(2 * kRate, 4);
  for (std::uint32_t i = 0; i < kRate; ++i)
    add(static_cast<std::uint32_t>(static_cast<int>(12'000 * std::sin(6.2831853 * pitch * i / kRate))), 2);
  return bytes;
}

}  // namespace zubr::engine
