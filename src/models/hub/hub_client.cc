#include "models/hub/hub_client.h"

#include <boost/json.hpp>

#include <algorithm>

#include "core/text_file.h"
#include "models/fetch/probe.h"
#include "models/fetch/retrier.h"
#include "net/message_fields.h"
#include "net/url.h"

namespace zubr::models {
namespace {

namespace json = boost::json;
constexpr std::size_t kMaxPage = 32 << 20;
constexpr std::size_t kMaxFiles = 100'000;
constexpr std::size_t kMaxToken = 4096;

std::string text_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains({key.data(), key.size()});
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::uint64_t number_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains({key.data(), key.size()});
  return value != nullptr && value->is_int64() && value->get_int64() >= 0
             ? static_cast<std::uint64_t>(value->get_int64())
             : 0;
}

bool leaves_the_repository(std::string_view path) {
  if (path.empty() || path.starts_with('/') || path.find('\\') != std::string_view::npos) return true;
  const std::string framed = fmt::format("/{}/", path);
  const bool control = std::ranges::any_of(path, [](unsigned char c) { return c < ' '; });
  return control || framed.find("/../") != std::string::npos || framed.find("//") != std::string::npos;
}

}  // namespace

std::string hub_token(const core::Environment& environment) {
  std::string token = environment("HF_TOKEN").value_or("");
  std::vector<std::string> files;
  if (const auto path = environment("HF_TOKEN_PATH")) files.push_back(*path);
  if (const auto home = environment("HF_HOME")) files.push_back(*home + "/token");
  if (const auto home = environment("HOME")) files.push_back(*home + "/.cache/huggingface/token");
  for (const std::string& file : files)
    if (token.empty()) token = core::read_text_file(file, kMaxToken).value_or("");
  while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') token.pop_back();
  return token;
}

Result<std::vector<HubFile>> parse_tree(std::string_view text) {
  json::error_code error;
  const json::value root = json::parse({text.data(), text.size()}, error);
  if (error || !root.is_array()) return fail(ErrorCode::kCorrupt, "the hub's list of files cannot be read");
  std::vector<HubFile> files;
  for (const json::value& entry : root.get_array()) {
    if (!entry.is_object() || text_at(entry.get_object(), "type") != "file") continue;
    const json::object& object = entry.get_object();
    HubFile file{text_at(object, "path"), number_at(object, "size"), {}};
    if (leaves_the_repository(file.path))
      return fail(ErrorCode::kCorrupt, "the hub lists a file '{}', which no repository can have", file.path);
    if (const auto* lfs = object.if_contains("lfs"); lfs != nullptr && lfs->is_object()) {
      ZUBR_TRY(digest, Digest::parse(text_at(lfs->get_object(), "oid")));
      file.digest = digest;
      file.size = number_at(lfs->get_object(), "size");
    }
    files.push_back(std::move(file));
  }
  return files;
}

HubClient::HubClient(net::HttpClient& client, std::string endpoint, std::string token, const DownloadOptions& options)
    : client_(client), endpoint_(std::move(endpoint)), token_(std::move(token)), options_(options) {
  while (endpoint_.ends_with('/')) endpoint_.pop_back();
}

net::Headers HubClient::authorization() const {
  net::Headers headers;
  if (!token_.empty()) headers.add("Authorization", "Bearer " + token_);
  return headers;
}

Error HubClient::refused(const HubRef& ref, const net::HttpResponse& answer) const {
  const std::string page = endpoint_ + "/" + ref.repository;
  const auto code = answer.headers.get("x-error-code");
  if (code == "GatedRepo" || (code.empty() && answer.status == 403))
    return Error(
        ErrorCode::kPermissionDenied,
        token_.empty()
            ? message("{} is gated: accept its conditions on that page, make a token at {}/settings/tokens, set "
                      "HF_TOKEN to it and pull again",
                      page, endpoint_)
            : message("{} is gated, and the owner of this HF_TOKEN may not read it yet: accept its conditions on "
                      "that page and pull again",
                      page));
  if (code == "RevisionNotFound")
    return Error(ErrorCode::kNotFound, message("{} has no revision '{}'", page, ref.revision));
  if (code == "EntryNotFound") return Error(ErrorCode::kNotFound, message("{} has no such file", page));
  if (answer.status == 404 || (code == "RepoNotFound" && !token_.empty()))
    return Error(ErrorCode::kNotFound, message("{} is not there (or private and not yours); check the name", page));
  if (answer.status == 401 || answer.status == 403)
    return Error(ErrorCode::kUnauthenticated,
                 token_.empty() ? message("{} is private, or not there: check the name, or set HF_TOKEN", page)
                                : message("the hub does not accept this HF_TOKEN for {}", page));
  return error_of(answer);
}

Result<std::vector<HubFile>> HubClient::list(const HubRef& ref, const std::stop_token& stop) {
  ZUBR_TRY(home, net::Url::parse(endpoint_));
  std::string url = fmt::format("{}/api/models/{}/tree/{}?recursive=true", endpoint_, ref.repository,
                                net::percent_encode(ref.revision));
  std::vector<HubFile> files;
  Retrier retrier(options_.retry, options_.wait, options_.random);
  while (!url.empty()) {
    net::HttpRequest request{.url = url, .headers = authorization(), .max_body_bytes = kMaxPage};
    ZUBR_TRY(answer, fetch_with_retries(client_, request, retrier, stop));
    if (!answer.ok()) return fail(refused(ref, answer));
    ZUBR_TRY(page, parse_tree(answer.body));
    files.insert(files.end(), page.begin(), page.end());
    if (files.size() > kMaxFiles)
      return fail(ErrorCode::kTooLarge, "hf.co/{} lists over {} files", ref.repository, kMaxFiles);
    const auto next = net::parse_next_link(answer.headers.get("link"));
    if (!next) break;
    ZUBR_TRY(following, home.resolve(*next));
    // Pages are of the same server; a token must not be lured away.
    if (!following.same_origin(home) || following.text == url || page.empty()) break;
    url = following.text;
  }
  return files;
}

Result<DownloadRequest> HubClient::resolve(const HubRef& ref, const HubFile& file, const std::stop_token& stop) {
  const auto address = [&](std::string_view revision) {
    return fmt::format("{}/{}/resolve/{}/{}", endpoint_, ref.repository, net::percent_encode(revision),
                       net::percent_encode_path(file.path));
  };
  net::HttpRequest request{.method = net::Method::kHead,
                           .url = address(ref.revision),
                           .headers = authorization(),
                           .on_redirect = [](const net::Hop& hop) {
                             return hop.same_origin ? net::RedirectDecision::kFollow : net::RedirectDecision::kStop;
                           }};
  request.headers.add("Accept-Encoding", "identity");
  Retrier retrier(options_.retry, options_.wait, options_.random);
  ZUBR_TRY(answer, fetch_with_retries(client_, request, retrier, stop));
  if (answer.status >= 400) return fail(refused(ref, answer));
  Probe told;
  read_linked_headers(answer.headers, told);
  if (told.digest && file.digest && *told.digest != *file.digest)
    return fail(ErrorCode::kCorrupt, "the hub says two different hashes of {}: {} and {}", file.path,
                told.digest->text(), file.digest->text());
  const std::string commit(answer.headers.get("x-repo-commit"));
  const bool pinned = commit.size() == 40 && commit.find_first_not_of("0123456789abcdef") == std::string::npos;
  DownloadRequest download;
  download.sources = {{address(pinned ? commit : ref.revision), authorization()}};
  download.digest = told.digest ? told.digest : file.digest;
  download.size = told.size ? told.size : file.size != 0 ? std::optional(file.size) : std::nullopt;
  download.name = fmt::format("hf.co/{}/{}", ref.repository, file.path);
  download.explain = [hub = *this, ref](const net::HttpResponse& failed) { return hub.refused(ref, failed); };
  return download;
}

}  // namespace zubr::models
