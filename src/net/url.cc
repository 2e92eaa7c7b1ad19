#include "net/url.h"

#include <curl/curl.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <memory>

namespace zubr::net {
namespace {

constexpr std::size_t kMaxUrl = 16 << 10;

struct UrlDeleter {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using UrlHandle = std::unique_ptr<CURLU, UrlDeleter>;

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, flags) != CURLUE_OK || text == nullptr) return {};
  std::string out(text);
  curl_free(text);
  return out;
}

tl::unexpected<Error> broken(std::string_view text, std::string_view why) {
  const std::string_view shown = text.substr(0, std::min<std::size_t>(text.find('?'), 200));
  return fail(ErrorCode::kInvalidArgument, "'{}' is not an address that can be fetched: {}; use http://… or https://…",
              shown, why);
}

Result<Url> take_apart(CURLU* handle, std::string_view text) {
  Url url;
  url.scheme = part(handle, CURLUPART_SCHEME);
  if (url.scheme != "http" && url.scheme != "https") return broken(text, "the scheme is not http or https");
  if (!part(handle, CURLUPART_USER).empty() || !part(handle, CURLUPART_PASSWORD).empty())
    return broken(text, "it carries a user name or password");
  url.host = part(handle, CURLUPART_HOST);
  std::ranges::transform(url.host, url.host.begin(), [](unsigned char c) { return std::tolower(c); });
  if (url.host.empty()) return broken(text, "it names no host");
  const std::string port = part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  std::from_chars(port.data(), port.data() + port.size(), url.port);
  const std::string query = part(handle, CURLUPART_QUERY);
  url.target = part(handle, CURLUPART_PATH) + (query.empty() ? "" : "?" + query);
  curl_url_set(handle, CURLUPART_FRAGMENT, nullptr, 0);
  url.text = part(handle, CURLUPART_URL);
  return url;
}

bool printable(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c != 0x7f; });
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  if (text.size() > kMaxUrl) return broken(text, "it is too long");
  if (!printable(text)) return broken(text, "it has blanks or control characters");
  if (text.find("://") == std::string_view::npos) return broken(text, "it has no scheme");
  const UrlHandle handle(curl_url());
  if (const CURLUcode code = curl_url_set(handle.get(), CURLUPART_URL, std::string(text).c_str(), 0); code != CURLUE_OK)
    return broken(text, curl_url_strerror(code));
  return take_apart(handle.get(), text);
}

Result<Url> Url::resolve(std::string_view reference) const {
  if (reference.size() > kMaxUrl || !printable(reference)) return broken(reference, "the redirect is malformed");
  const UrlHandle handle(curl_url());
  if (curl_url_set(handle.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK)
    return broken(text, "cannot be read again");
  if (const CURLUcode code = curl_url_set(handle.get(), CURLUPART_URL, std::string(reference).c_str(), 0);
      code != CURLUE_OK)
    return broken(reference, curl_url_strerror(code));
  return take_apart(handle.get(), reference);
}

bool Url::same_origin(const Url& other) const {
  return scheme == other.scheme && host == other.host && port == other.port;
}

bool Url::is_loopback() const {
  const bool numeric = host.find_first_not_of("0123456789.") == std::string::npos;  // not 127.example.com
  return host == "localhost" || host == "[::1]" || (numeric && host.starts_with("127."));
}

std::string Url::display() const { return text.substr(0, text.find('?')); }

namespace {
std::string encode(std::string_view text, std::string_view also_plain) {
  std::string out;
  for (const char c : text) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain || also_plain.find(c) != std::string_view::npos)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}
}  // namespace

std::string percent_encode(std::string_view text) { return encode(text, ""); }
std::string percent_encode_path(std::string_view text) { return encode(text, "/"); }

}  // namespace zubr::net
