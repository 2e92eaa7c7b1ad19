#include "bulk/job/first_rows.h"

#include <locale.h>
#include <wctype.h>
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <fstream>
#include <random>
#include <system_error>

#include "core/atomic_file.h"

namespace zubr::bulk {
namespace fs = std::filesystem;
namespace {

struct HashedRow {
  std::uint64_t high, low;
  std::int64_t row;
  auto operator<=>(const HashedRow&) const = default;
};
struct FoundRow {
  std::int64_t row, first;
};

constexpr std::size_t kRangeRows = 1u << 20;  // of the second pass

// Records spread over numbered files, each with a buffer of its own.
template <typename Record>
class SpreadFiles {
 public:
  SpreadFiles(fs::path folder, std::string name, std::size_t files, std::size_t memory_bytes)
      : folder_(std::move(folder)),
        name_(std::move(name)),
        buffers_(files),
        most_(std::max<std::size_t>(64, memory_bytes / files / sizeof(Record))) {}

  Result<void> add(std::size_t file, const Record& record) {
    auto& buffer = buffers_[file];
    buffer.push_back(record);
    return buffer.size() < most_ ? Result<void>() : flush(file);
  }
  // What the file has, which is gone then.
  Result<std::vector<Record>> take(std::size_t file) {
    ZUBR_CHECK(flush(file));
    std::error_code failed;
    const auto bytes = fs::file_size(path(file), failed);
    if (failed) return std::vector<Record>();
    std::vector<Record> records(bytes / sizeof(Record));
    std::ifstream in(path(file), std::ios::binary);
    in.read(reinterpret_cast<char*>(records.data()), static_cast<std::streamsize>(bytes));
    if (!in) return fail(ErrorCode::kIo, "cannot read {}", path(file).string());
    in.close();
    fs::remove(path(file), failed);
    return records;
  }
  std::size_t count() const { return buffers_.size(); }

 private:
  fs::path path(std::size_t file) const { return folder_ / fmt::format("{}-{}", name_, file); }
  Result<void> flush(std::size_t file) {
    auto& buffer = buffers_[file];
    if (buffer.empty()) return {};
    std::ofstream out(path(file), std::ios::binary | std::ios::app);
    out.write(reinterpret_cast<const char*>(buffer.data()),
              static_cast<std::streamsize>(buffer.size() * sizeof(Record)));
    out.close();
    if (!out) return fail(core::system_error("cannot write " + path(file).string(), errno == 0 ? EIO : errno));
    buffer.clear();
    return {};
  }

  fs::path folder_;
  std::string name_;
  std::vector<std::vector<Record>> buffers_;
  std::size_t most_;
};

class Finder final : public FirstRowFinder {
 public:
  Finder(fs::path work, std::size_t files, std::size_t memory_bytes)
      : work_(std::move(work)), memory_bytes_(memory_bytes), hashed_(work_, "keys", files, memory_bytes / 2) {
    std::random_device device;
    seed_ = (static_cast<std::uint64_t>(device()) << 32) | device();
    shift_ = 64 - std::countr_zero(files);
  }
  ~Finder() override {
    std::error_code ignored;
    fs::remove_all(work_, ignored);
  }

  Result<void> add(std::int64_t row, std::string_view key) override {
    const XXH128_hash_t hash = XXH3_128bits_withSeed(key.data(), key.size(), seed_);
    const std::size_t file = shift_ == 64 ? 0 : static_cast<std::size_t>(hash.high64 >> shift_);
    return hashed_.add(file, {hash.high64, hash.low64, row});
  }

  Result<std::int64_t> finish(const fs::path& file, std::int64_t rows, std::stop_token stop) override {
    const std::size_t ranges = std::max<std::size_t>(1, (static_cast<std::size_t>(rows) + kRangeRows - 1) / kRangeRows);
    SpreadFiles<FoundRow> found(work_, "found", ranges, memory_bytes_ / 4);
    std::int64_t repeated = 0;
    for (std::size_t i = 0; i < hashed_.count(); ++i) {
      if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
      ZUBR_TRY(keys, hashed_.take(i));
      std::ranges::sort(keys);
      std::size_t first = 0;
      for (std::size_t at = 1; at < keys.size(); ++at) {
        if (keys[at].high != keys[first].high || keys[at].low != keys[first].low) {
          first = at;
          continue;
        }
        ++repeated;
        ZUBR_CHECK(found.add(static_cast<std::size_t>(keys[at].row) / kRangeRows, {keys[at].row, keys[first].row}));
      }
    }
    ZUBR_CHECK(write(found, file, rows, stop));
    return repeated;
  }

 private:
  static Result<void> write(SpreadFiles<FoundRow>& found, const fs::path& file, std::int64_t rows,
                            const std::stop_token& stop) {
    ZUBR_TRY(out, core::AtomicFile::create(file));
    std::vector<std::int64_t> firsts;
    for (std::size_t range = 0; range < found.count(); ++range) {
      if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
      const auto begin = static_cast<std::int64_t>(range * kRangeRows);
      firsts.resize(static_cast<std::size_t>(std::min<std::int64_t>(kRangeRows, rows - begin)));
      for (std::size_t i = 0; i < firsts.size(); ++i) firsts[i] = begin + static_cast<std::int64_t>(i);
      ZUBR_TRY(pairs, found.take(range));
      for (const FoundRow& pair : pairs) firsts[static_cast<std::size_t>(pair.row - begin)] = pair.first;
      ZUBR_CHECK(out.write({reinterpret_cast<const char*>(firsts.data()), firsts.size() * sizeof(std::int64_t)}));
    }
    return out.commit();
  }

  fs::path work_;
  std::size_t memory_bytes_;
  SpreadFiles<HashedRow> hashed_;
  std::uint64_t seed_ = 0;  // of this run, so that nobody can prepare keys that collide
  int shift_ = 64;
};

// The next character of valid UTF-8.
char32_t next_character(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  char32_t character = length == 1 ? lead : lead & (0xFF >> (length + 1));
  for (std::size_t i = 1; i < length && i < text.size(); ++i)
    character = (character << 6) | (static_cast<unsigned char>(text[i]) & 0x3F);
  text.remove_prefix(std::min(length, text.size()));
  return character;
}

void append_character(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
    return;
  }
  if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
  } else {
    if (c < 0x10000) {
      out += static_cast<char>(0xE0 | (c >> 12));
    } else {
      out += static_cast<char>(0xF0 | (c >> 18));
      out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    }
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
  }
  out += static_cast<char>(0x80 | (c & 0x3F));
}

}  // namespace

std::string normalised(std::string_view text) {
  // The program's own tables, whatever the user's locale.
  static const locale_t unicode = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  std::string out;
  bool gap = false;
  while (!text.empty()) {
    const auto c = static_cast<wint_t>(next_character(text));
    const bool is_word =
        c < 0x80 ? std::isalnum(static_cast<int>(c)) != 0 : unicode == nullptr || ::iswalnum_l(c, unicode) != 0;
    if (!is_word) {
      gap = !out.empty();
      continue;
    }
    if (gap) out += ' ';
    gap = false;
    append_character(out, c < 0x80 || unicode == nullptr
                              ? static_cast<char32_t>(c < 0x80 ? std::tolower(static_cast<int>(c)) : c)
                              : static_cast<char32_t>(::towlower_l(c, unicode)));
  }
  return out;
}

Result<std::unique_ptr<FirstRowFinder>> FirstRowFinder::create(const fs::path& work, std::int64_t rows,
                                                               std::size_t memory_bytes) {
  std::error_code failed;
  fs::remove_all(work, failed);
  fs::create_directories(work, failed);
  if (failed) return fail(core::system_error("cannot make the folder " + work.string(), failed.value()));
  const std::size_t bytes = static_cast<std::size_t>(std::max<std::int64_t>(rows, 1)) * sizeof(HashedRow);
  const std::size_t files = std::bit_ceil(std::max<std::size_t>(1, 2 * bytes / std::max<std::size_t>(memory_bytes, 1)));
  return std::make_unique<Finder>(work, files, memory_bytes);
}

Result<std::vector<std::int64_t>> read_first_rows(const fs::path& file, std::int64_t first, std::int64_t count) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
  std::ifstream in(file, std::ios::binary);
  in.seekg(first * static_cast<std::int64_t>(sizeof(std::int64_t)));
  in.read(reinterpret_cast<char*>(rows.data()), static_cast<std::streamsize>(rows.size() * sizeof(std::int64_t)));
  if (!in) return fail(ErrorCode::kCorrupt, "{} does not say which rows come first", file.string());
  return rows;
}

}  // namespace zubr::bulk
