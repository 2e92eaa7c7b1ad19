#include "engine/media/media_file.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "engine/media/test_picture.h"

namespace zubr::engine {
namespace {

using std::string_literals::operator""s;

std::string big32(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(value >> shift));
  return bytes;
}

std::string png(std::uint32_t width, std::uint32_t height) {
  return "\x89PNG\r\n\x1a\n" + "\0\0\0\x0dIHDR"s + big32(width) + big32(height) + "\x08\x02\0\0\0"s;
}

// A quantisation table, a comment, then the frame header.
std::string jpeg(int width, int height) {
  const auto big16 = [](int value) { return big32(static_cast<std::uint32_t>(value)).substr(2); };
  return "\xFF\xD8\xFF\xDB\x00\x04xy\xFF\xFE\x00\x05"s + "abc" + "\xFF\xC2\x00\x11\x08"s + big16(height) +
         big16(width) + "\x03\x01\x11\0\x02\x11\x01\x03\x11\x01\xFF\xDA"s;
}

std::string wav(std::uint32_t rate, int channels = 1, int format = 1) {
  const auto little = [](std::uint32_t value, int size) {
    std::string bytes;
    for (int i = 0; i < size; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
    return bytes;
  };
  return "RIFF" + little(44, 4) + "WAVEfmt " + little(16, 4) + little(static_cast<std::uint32_t>(format), 2) +
         little(static_cast<std::uint32_t>(channels), 2) + little(rate, 4) + little(2 * rate, 4) + little(2, 2) +
         little(16, 2) + "data" + little(8, 4) + std::string(8, 'x');
}

void expect_picture(const std::string& bytes, std::int64_t width, std::int64_t height) {
  const auto file = inspect_media(bytes);
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_FALSE(file->sound);
  EXPECT_EQ(file->width, width);
  EXPECT_EQ(file->height, height);
}

TEST(MediaFile, KnowsPicturesAndTheirSize) {
  expect_picture(png(640, 480), 640, 480);
  expect_picture(jpeg(1024, 3), 1024, 3);
  expect_picture("GIF89a\x10\x00\x20\x01"s, 16, 288);
  expect_picture(test_picture(5, 7, 0), 5, 7);
}

TEST(MediaFile, KnowsSounds) {
  for (const std::string& bytes : {wav(16'000), wav(48'000, 2), "ID3\x04\0\0"s, "\xFF\xFB\x90\x64"s})
    EXPECT_TRUE(inspect_media(bytes)->sound);
}

// One sample a second, made into sixteen thousand; and a second header behind the one that was looked at.
TEST(MediaFile, RefusesSoundsThatWouldFillTheMemory) {
  EXPECT_EQ(inspect_media(wav(1)).error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(inspect_media(wav(16'000, 100)).error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(inspect_media(wav(16'000, 1, 2)).error().code(), ErrorCode::kUnsupported);  // ADPCM
  EXPECT_EQ(inspect_media("ID3" + std::string(kMaxMp3Bytes, 'x')).error().code(), ErrorCode::kTooLarge);
  const std::string good = wav(16'000);
  const std::string two = good.substr(0, 36) + wav(1).substr(12);
  EXPECT_EQ(inspect_media(two).error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(inspect_media(good.substr(0, 20)).error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(inspect_media("RIFF\x10\0\0\0WAVEdata\xFF\0\0\0"s).error().code(), ErrorCode::kCorrupt);
}

TEST(MediaFile, RefusesWhatItDoesNotKnow) {
  for (const std::string& bytes : {""s, "x"s, "RIFF\x10\0\0\0WEBPVP8 "s, "<svg/>"s, "%PDF-1.7"s, "fLaC\0\0\0\x22"s,
                                   "\0\0\0\x18"
                                   "ftypmp42"s})
    EXPECT_EQ(inspect_media(bytes).error().code(), ErrorCode::kUnsupported) << bytes;
}

// A few bytes that say gigabytes.
TEST(MediaFile, RefusesPicturesThatWouldFillTheMemory) {
  EXPECT_EQ(inspect_media(png(60'000, 60'000)).error().code(), ErrorCode::kTooLarge);
  EXPECT_EQ(inspect_media(png(0xFFFFFFFF, 1)).error().code(), ErrorCode::kTooLarge);
  EXPECT_EQ(inspect_media(jpeg(65'535, 65'535)).error().code(), ErrorCode::kTooLarge);
  EXPECT_EQ(inspect_media(png(10'000, 10'000)).error().code(), ErrorCode::kTooLarge);
  EXPECT_EQ(inspect_media(std::string(kMaxMediaBytes + 1, 'x')).error().code(), ErrorCode::kTooLarge);
  EXPECT_TRUE(inspect_media(png(6'000, 6'000)));
}

// A small frame header before a large one: decoders take the one or the other.
TEST(MediaFile, BelievesTheLargestOfSeveralSizes) {
  const std::string two = jpeg(10, 10).substr(0, jpeg(10, 10).size() - 2) + jpeg(60'000, 60'000).substr(2);
  EXPECT_EQ(inspect_media(two).error().code(), ErrorCode::kTooLarge);
}

TEST(MediaFile, RefusesPicturesWithoutASize) {
  for (const std::string& bytes :
       {png(0, 5), png(5, 5).substr(0, 20), jpeg(5, 0), "\xFF\xD8\xFF\xD9"s, "GIF89a"s, "BM"s})
    EXPECT_EQ(inspect_media(bytes).error().code(), ErrorCode::kCorrupt);
}

RC_GTEST_PROP(MediaFile, SurvivesAnyBytesBehindABeginning, (const std::string& bytes)) {
  for (const char* begin : {"\x89PNG\r\n\x1a\n", "\xFF\xD8\xFF", "GIF89a", "BM", "RIFF\1\1\1\1WAVE", "ID3"})
    (void)inspect_media(begin + bytes);
}

}  // namespace
}  // namespace zubr::engine
