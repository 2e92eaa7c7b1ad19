#include "models/registry/registry_auth.h"

#include <openssl/evp.h>

#include <boost/json.hpp>

#include "core/text_file.h"
#include "models/fetch/retrier.h"
#include "net/message_fields.h"
#include "net/url.h"

namespace zubr::models {
namespace {

namespace json = boost::json;
constexpr std::size_t kMaxToken = 64 << 10;
constexpr std::size_t kMaxConfig = 1 << 20;

std::string base64(std::string_view text) {
  std::string out((text.size() + 2) / 3 * 4 + 1, '\0');
  out.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                                      reinterpret_cast<const unsigned char*>(text.data()),
                                                      static_cast<int>(text.size()))));
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0 || text.size() > kMaxToken) return std::nullopt;
  std::string out(text.size() / 4 * 3 + 1, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  std::size_t length = static_cast<std::size_t>(size);
  for (std::size_t i = text.size(); i > 0 && text[i - 1] == '=' && length > 0; --i) --length;
  out.resize(length);
  return out;
}

std::string basic(const RegistryCredentials& who) { return "Basic " + base64(who.user + ":" + who.password); }

bool asks_basic(std::string_view challenge) {
  return challenge.size() >= 5 && net::equal_ignoring_case(challenge.substr(0, 5), "basic");
}

std::string host_of(const net::Url& url) {
  const bool usual = url.port == (url.scheme == "https" ? 443 : 80);
  return usual ? url.host : fmt::format("{}:{}", url.host, url.port);
}

// "https://index.docker.io/v1/" is kept with scheme and path, others without.
std::string_view plain_host(std::string_view key) {
  if (const std::size_t at = key.find("://"); at != std::string_view::npos) key.remove_prefix(at + 3);
  return key.substr(0, key.find('/'));
}

}  // namespace

std::optional<RegistryCredentials> credentials_in(std::string_view docker_config, std::string_view host) {
  json::error_code error;
  const json::value root = json::parse({docker_config.data(), docker_config.size()}, error);
  const auto* auths = !error && root.is_object() ? root.get_object().if_contains("auths") : nullptr;
  if (auths == nullptr || !auths->is_object()) return std::nullopt;
  for (const auto& [key, value] : auths->get_object()) {
    const auto* auth = value.is_object() ? value.get_object().if_contains("auth") : nullptr;
    if (plain_host({key.data(), key.size()}) != host || auth == nullptr || !auth->is_string()) continue;
    const auto decoded = from_base64({auth->get_string().data(), auth->get_string().size()});
    const std::size_t colon = decoded ? decoded->find(':') : std::string::npos;
    if (colon == std::string::npos) return std::nullopt;
    return RegistryCredentials{decoded->substr(0, colon), decoded->substr(colon + 1)};
  }
  return std::nullopt;
}

FindCredentials docker_credentials(const core::Environment& environment) {
  std::filesystem::path file;
  if (const auto folder = environment("DOCKER_CONFIG"); folder && !folder->empty()) {
    file = std::filesystem::path(*folder) / "config.json";
  } else if (const auto home = environment("HOME"); home && !home->empty()) {
    file = std::filesystem::path(*home) / ".docker" / "config.json";
  }
  return [file](std::string_view host) -> std::optional<RegistryCredentials> {
    if (file.empty()) return std::nullopt;
    const auto text = core::read_text_file(file, kMaxConfig);
    return text ? credentials_in(*text, host) : std::nullopt;
  };
}

net::Headers RegistryAuth::headers() const {
  net::Headers headers;
  if (!authorization_.empty()) headers.add("Authorization", authorization_);
  return headers;
}

Result<void> RegistryAuth::respond(const net::HttpResponse& refusal, const std::string& base, const std::string& scope,
                                   const std::stop_token& stop) {
  authorization_.clear();
  if (!asks_basic(refusal.headers.get("www-authenticate"))) return fetch_token(refusal, base, scope, stop);
  ZUBR_TRY(here, net::Url::parse(base));
  const auto who = find_ ? find_(host_of(here)) : std::nullopt;
  if (!who)
    return fail(ErrorCode::kUnauthenticated, "{} wants a user and a password; give them with: docker login {}", base,
                host_of(here));
  if (here.scheme != "https" && !here.is_loopback())
    return fail(ErrorCode::kUnsupported, "{} wants a password over http; that is not done", base);
  authorization_ = basic(*who);
  return {};
}

Result<void> RegistryAuth::fetch_token(const net::HttpResponse& refusal, const std::string& base,
                                       const std::string& wanted, const std::stop_token& stop) {
  const auto challenge = net::parse_bearer_challenge(refusal.headers.get("www-authenticate"));
  if (!challenge || challenge->get("realm").empty())
    return fail(ErrorCode::kUnauthenticated, "{} refuses and does not say what it wants", base);
  ZUBR_TRY(here, net::Url::parse(base));
  ZUBR_TRY(realm, here.resolve(challenge->get("realm")));
  if (realm.scheme != "https" && !realm.same_origin(here) && !realm.is_loopback())
    return fail(ErrorCode::kUnsupported, "{} wants a token to be fetched over http from {}; that is not done",
                here.text, realm.display());
  const std::string scope = challenge->get("scope");
  std::string url = realm.text + (realm.text.find('?') == std::string::npos ? "?" : "&");
  url += "service=" + net::percent_encode(challenge->get("service")) +
         "&scope=" + net::percent_encode(scope.empty() ? wanted : scope);
  net::HttpRequest request{.url = url, .max_body_bytes = kMaxToken};
  const auto who = find_ ? find_(host_of(here)) : std::nullopt;
  if (who) request.headers.add("Authorization", basic(*who));
  Retrier retrier(options_.retry, options_.wait, options_.random);
  ZUBR_TRY(answer, fetch_with_retries(client_, request, retrier, stop));
  if (!answer.ok())
    return fail(ErrorCode::kUnauthenticated, "{} gives no token ({}){}", realm.display(), answer.status,
                who ? std::string() : message("; give it a user and a password with: docker login {}", host_of(here)));
  json::error_code error;
  const json::value root = json::parse(answer.body, error);
  std::string token;
  if (!error && root.is_object())
    for (const char* key : {"token", "access_token"})
      if (const auto* value = root.get_object().if_contains(key); value != nullptr && value->is_string())
        token = std::string(value->get_string());
  if (token.empty() || !net::is_valid_field({"Authorization", token}))
    return fail(ErrorCode::kCorrupt, "{} gives no token that can be used", realm.display());
  authorization_ = "Bearer " + token;
  return {};
}

}  // namespace zubr::models
