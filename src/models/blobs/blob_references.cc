#include "models/blobs/blob_references.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "core/text_file.h"

namespace zubr::models {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMaxFile = 4 << 20;
constexpr std::string_view kSource = "# from ";

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

std::string encode(std::string_view owner) {
  std::string name;
  for (const char c : owner)
    name += is_plain(c) ? std::string(1, c) : fmt::format("%{:02x}", static_cast<unsigned char>(c));
  return name;
}

Result<std::string> decode(std::string_view name) {
  std::string owner;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '%') {
      owner += name[i];
      continue;
    }
    unsigned value = 0;
    const char* digits = name.data() + i + 1;
    if (i + 2 >= name.size() || std::from_chars(digits, digits + 2, value, 16).ptr != digits + 2)
      return fail(ErrorCode::kCorrupt, "'{}' is not a name that zubr wrote", name);
    owner += static_cast<char>(value);
    i += 2;
  }
  return owner;
}

Result<std::vector<fs::path>> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    if (at->path().extension() == ".txt") files.push_back(at->path());
  if (error && error != std::errc::no_such_file_or_directory)
    return fail(ErrorCode::kIo, "cannot read the folder {}: {}", folder.string(), error.message());
  return files;
}

Result<std::vector<Digest>> read_digests(const fs::path& file) {
  std::vector<Digest> digests;
  ZUBR_TRY(text, core::read_text_file(file, kMaxFile));
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    if (line.starts_with('#')) continue;
    const auto digest = Digest::parse(line);
    if (!digest) return fail(digest.error().context("reading " + file.string()));
    digests.push_back(*digest);
  }
  return digests;
}

}  // namespace

fs::path BlobReferences::file_of(const std::string& owner) const { return folder_ / (encode(owner) + ".txt"); }

Result<void> BlobReferences::set(const std::string& owner, const std::string& source,
                                 const std::vector<Digest>& digests) const {
  std::string text = std::string(kSource) + source + "\n";
  for (const Digest& digest : digests) text += digest.text() + "\n";
  return core::write_text_file(file_of(owner), text);
}

std::optional<std::string> BlobReferences::source_of(const std::string& owner) const {
  const auto text = core::read_text_file(file_of(owner), kMaxFile);
  if (!text || !text->starts_with(kSource)) return std::nullopt;
  return text->substr(kSource.size(), text->find('\n') - kSource.size());
}

Result<void> BlobReferences::remove(const std::string& owner) const {
  std::error_code error;
  fs::remove(file_of(owner), error);
  if (error) return fail(ErrorCode::kIo, "cannot remove {}: {}", file_of(owner).string(), error.message());
  return {};
}

Result<std::vector<std::string>> BlobReferences::owners() const {
  std::vector<std::string> names;
  ZUBR_TRY(files, files_in(folder_));
  for (const fs::path& file : files) {
    ZUBR_TRY(owner, decode(file.stem().string()));
    names.push_back(std::move(owner));
  }
  return names;
}

Result<std::vector<Digest>> BlobReferences::of(const std::string& owner) const {
  std::error_code error;
  if (!fs::exists(file_of(owner), error)) return std::vector<Digest>{};
  return read_digests(file_of(owner));
}

Result<std::map<Digest, int>> BlobReferences::counts() const {
  std::map<Digest, int> counts;
  ZUBR_TRY(files, files_in(folder_));
  for (const fs::path& file : files) {
    ZUBR_TRY(digests, read_digests(file));
    for (const Digest& digest : digests) ++counts[digest];
  }
  return counts;
}

}  // namespace zubr::models
