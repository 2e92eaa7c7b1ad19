#include "models/registry/upload.h"

#include <algorithm>
#include <charconv>
#include <fstream>

#include "core/text_file.h"
#include "models/fetch/retrier.h"
#include "net/rate_limit.h"
#include "net/url.h"

namespace zubr::models {
namespace {

constexpr int kMostStarts = 5;  // of one blob, by one process
constexpr std::size_t kMaxState = 64 << 10;

// "0-1048575", or "bytes=0-1048575" as some say it: how many bytes the registry has.
std::optional<std::uint64_t> received(std::string_view range) {
  if (range.empty()) return 0;
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  std::uint64_t last = 0;
  const char* end = range.data() + range.size();
  if (std::from_chars(range.data() + dash + 1, end, last).ptr != end) return std::nullopt;
  return last == 0 ? 0 : last + 1;  // "0-0" is what an empty upload says
}

Result<std::string> read_piece(const UploadSource& source, std::uint64_t from, std::size_t size) {
  if (source.file.empty()) return source.bytes.substr(static_cast<std::size_t>(from), size);
  std::ifstream in(source.file, std::ios::binary);
  std::string piece(size, '\0');
  in.seekg(static_cast<std::streamoff>(from));
  in.read(piece.data(), static_cast<std::streamsize>(size));
  if (static_cast<std::size_t>(in.gcount()) != size)
    return fail(ErrorCode::kIo, "cannot read {} at byte {}", source.file.string(), from);
  return piece;
}

std::string with_query(const std::string& url, const std::string& query) {
  return url + (url.find('?') == std::string::npos ? "?" : "&") + query;
}

}  // namespace

struct Uploader::Progress {
  std::string location;
  std::uint64_t done = 0;
  std::uint64_t sent = 0;
};

Uploader::Uploader(net::HttpClient& client, const DownloadOptions& options, RegistryAuth& auth, std::string base,
                   std::string repository, std::filesystem::path state, std::size_t chunk_bytes)
    : client_(client),
      options_(options),
      auth_(auth),
      base_(std::move(base)),
      repository_(std::move(repository)),
      state_(std::move(state)),
      chunk_bytes_(std::max<std::size_t>(1, chunk_bytes)) {}

Error Uploader::refused(const net::HttpResponse& answer) const {
  switch (answer.status) {
    case 401:
    case 403:
      return Error(answer.status == 401 ? ErrorCode::kUnauthenticated : ErrorCode::kPermissionDenied,
                   message("{} does not let us write to '{}'; log in with an account that may: docker login", base_,
                           repository_));
    case 404:
    case 405: return Error(ErrorCode::kNotFound, message("{} takes no pushes to '{}'", base_, repository_));
    case 413: return Error(ErrorCode::kTooLarge, message("{} does not take pieces of that size", base_));
    default: return error_of(answer);
  }
}

// Answers a 401 once. `retry`: a request that may be repeated as it is.
Result<net::HttpResponse> Uploader::send(net::HttpRequest request, const std::stop_token& stop, bool retry) {
  const net::Headers own = request.headers;
  Retrier retrier(options_.retry, options_.wait, options_.random);
  request.max_body_bytes = kMaxState;
  for (bool again = true;; again = false) {
    // The password or token goes to the registry itself and nowhere else.
    const auto to = net::Url::parse(request.url);
    const auto here = net::Url::parse(base_);
    request.headers = to && here && to->same_origin(*here) ? auth_.headers() : net::Headers();
    for (const net::Header& header : own) request.headers.add(header.name, header.value);
    auto answer = retry ? fetch_with_retries(client_, request, retrier, stop) : client_.fetch(request, stop);
    if (!answer || answer->status != 401 || !again) return answer;
    ZUBR_CHECK(auth_.respond(*answer, base_, "repository:" + repository_ + ":pull,push", stop));
  }
}

Result<bool> Uploader::is_there(const Digest& digest, const std::stop_token& stop) {
  ZUBR_TRY(answer, send({.method = net::Method::kHead,
                         .url = base_ + "/v2/" + repository_ + "/blobs/" + digest.text(),
                         .on_redirect = [](const net::Hop&) { return net::RedirectDecision::kStop; }},
                        stop));
  if (answer.status == 401 || answer.status == 403) return fail(refused(answer));
  return answer.status >= 200 && answer.status < 400;
}

Result<std::string> Uploader::location_of(const net::HttpResponse& answer) const {
  std::string_view place = answer.headers.get("docker-upload-location");
  if (place.empty()) place = answer.headers.get("location");
  ZUBR_TRY(here, net::Url::parse(base_));
  if (place.empty()) return fail(ErrorCode::kCorrupt, "{} does not say where to upload to", base_);
  ZUBR_TRY(there, here.resolve(place));
  if (there.scheme != "https" && !there.same_origin(here) && !there.is_loopback())
    return fail(ErrorCode::kUnsupported, "{} wants the upload in the clear at {}; that is not done", base_,
                there.display());
  return there.text;
}

std::filesystem::path Uploader::state_file(const Digest& digest) const {
  return state_ / (sha256(base_ + " " + repository_ + " " + digest.text()).hex() + ".upload");
}

void Uploader::remember(const Progress& at, const UploadSource& source) const {
  // Lost, it only costs time.
  [[maybe_unused]] const auto kept =
      core::write_text_file(state_file(source.digest), fmt::format("{}\n{}\n", at.done, at.location));
}

// What an earlier process left.
bool Uploader::resume(Progress& at, const UploadSource& source, const std::stop_token& stop) {
  const auto text = core::read_text_file(state_file(source.digest), kMaxState);
  if (!text) return false;
  const std::size_t line = text->find('\n');
  if (line == std::string::npos || !text->ends_with('\n')) return false;
  at.location = text->substr(line + 1, text->size() - line - 2);
  const auto here = net::Url::parse(base_);
  const auto there = net::Url::parse(at.location);
  if (!here || !there || (there->scheme != "https" && !there->same_origin(*here))) return false;
  auto answer = send({.url = at.location}, stop);
  if (!answer || !answer->ok()) return false;
  const auto has = received(answer->headers.get("range"));
  if (!has || *has > source.size) return false;
  at.done = *has;
  if (auto place = location_of(*answer)) at.location = *place;
  return true;
}

// True: mounted, nothing is left to do.
Result<bool> Uploader::begin(Progress& at, const UploadSource& source, const std::string& mount_from,
                             const std::stop_token& stop) {
  std::string url = base_ + "/v2/" + repository_ + "/blobs/uploads/";
  if (!mount_from.empty() && mount_from != repository_)
    url = with_query(url,
                     "mount=" + net::percent_encode(source.digest.text()) + "&from=" + net::percent_encode(mount_from));
  ZUBR_TRY(answer, send({.method = net::Method::kPost, .url = url}, stop));
  if (answer.status == 201 && !mount_from.empty()) return true;
  if (answer.status != 202) return fail(refused(answer));
  ZUBR_TRY(place, location_of(answer));
  at.location = std::move(place);
  at.done = 0;
  return false;
}

Result<void> Uploader::send_chunks(Progress& at, const UploadSource& source, const OnUpload& progress,
                                   const std::stop_token& stop) {
  Retrier retrier(options_.retry, options_.wait, options_.random);
  while (at.done < source.size) {
    if (progress) progress(at.done, source.size);
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_bytes_, source.size - at.done));
    ZUBR_TRY(piece, read_piece(source, at.done, size));
    const auto answer = send({.method = net::Method::kPatch,
                              .url = at.location,
                              .headers = {{"Content-Type", "application/octet-stream"},
                                          {"Content-Range", fmt::format("{}-{}", at.done, at.done + size - 1)}},
                              .body = std::move(piece)},
                             stop, /*retry=*/false);
    if (answer && answer->ok()) {
      ZUBR_TRY(place, location_of(*answer));
      at.location = std::move(place);
      at.done += size;
      at.sent += size;
      retrier.forgive();
      remember(at, source);
      continue;
    }
    const Error error = answer ? refused(*answer) : answer.error();
    const bool lost = answer && (answer->status == 404 || answer->status == 416 || answer->status == 400);
    if (lost) return fail(ErrorCode::kUnavailable, "{}", error.message());
    const auto asked = answer ? net::requested_wait(answer->headers, std::chrono::system_clock::now()) : std::nullopt;
    ZUBR_CHECK(retrier.after(error, asked, stop));
    // Part of it may have arrived.
    const auto state = send({.url = at.location}, stop);
    const auto has = state && state->ok() ? received(state->headers.get("range")) : std::nullopt;
    if (!has || *has > source.size) return fail(ErrorCode::kUnavailable, "{}", error.message());
    at.done = *has;
    if (auto place = location_of(*state)) at.location = *place;
  }
  if (progress) progress(source.size, source.size);
  return {};
}

Result<void> Uploader::finish(Progress& at, const UploadSource& source, const std::stop_token& stop) {
  ZUBR_TRY(answer, send({.method = net::Method::kPut,
                         .url = with_query(at.location, "digest=" + net::percent_encode(source.digest.text())),
                         .headers = {{"Content-Type", "application/octet-stream"}}},
                        stop));
  if (answer.status == 400 || answer.status == 404 || answer.status == 416)
    return fail(ErrorCode::kUnavailable, "{} does not accept what was uploaded: {}", base_, answer.body.substr(0, 300));
  if (!answer.ok()) return fail(refused(answer));
  const std::string_view said = answer.headers.get("docker-content-digest");
  if (!said.empty() && said != source.digest.text())
    return fail(ErrorCode::kCorrupt, "{} keeps the blob as {}, not {}", base_, said, source.digest.text());
  return {};
}

Result<Uploaded> Uploader::upload(const UploadSource& source, const std::string& mount_from, const OnUpload& progress,
                                  const std::stop_token& stop) {
  ZUBR_TRY(there, is_there(source.digest, stop));
  if (there) return Uploaded{UploadKind::kThere, 0};
  Progress at;
  std::error_code ignored;
  for (int start = 1;; ++start) {
    if (start > 1 || !resume(at, source, stop)) {
      ZUBR_TRY(mounted, begin(at, source, start == 1 ? mount_from : std::string(), stop));
      if (mounted) return Uploaded{UploadKind::kMounted, 0};
    }
    auto sent = send_chunks(at, source, progress, stop);
    if (sent) sent = finish(at, source, stop);
    if (sent) break;
    if (at.done == source.size) {  // an end that was said twice, because its answer was lost
      const auto arrived = is_there(source.digest, stop);
      if (arrived && *arrived) break;
    }
    const bool lost = sent.error().code() == ErrorCode::kUnavailable;
    if (lost) std::filesystem::remove(state_file(source.digest), ignored);
    if (!lost || start == kMostStarts) return fail(sent.error());
  }
  std::filesystem::remove(state_file(source.digest), ignored);
  return Uploaded{UploadKind::kSent, at.sent};
}

Result<void> Uploader::put_manifest(const std::string& reference, const std::string& media_type,
                                    const std::string& text, const std::stop_token& stop) {
  ZUBR_TRY(answer, send({.method = net::Method::kPut,
                         .url = base_ + "/v2/" + repository_ + "/manifests/" + reference,
                         .headers = {{"Content-Type", media_type}},
                         .body = text},
                        stop));
  if (!answer.ok()) return fail(refused(answer).context(answer.body.substr(0, 300)));
  const std::string_view said = answer.headers.get("docker-content-digest");
  if (!said.empty() && said != sha256(text).text())
    return fail(ErrorCode::kCorrupt, "{} keeps the manifest as {}, not {}", base_, said, sha256(text).text());
  return {};
}

}  // namespace zubr::models
