#include "models/registry/registry_client.h"

#include <boost/json.hpp>

#include "net/message_fields.h"
#include "net/url.h"

namespace zubr::models {
namespace {

constexpr std::size_t kMaxManifest = 4 << 20;
constexpr std::size_t kMaxToken = 64 << 10;

Error refused(const RegistryRef& ref, const std::string& base, const net::HttpResponse& answer) {
  const std::string name = ref_text(ref);
  switch (answer.status) {
    case 401:
    case 403:
      return Error(
          ErrorCode::kUnauthenticated,
          message("{} does not give out '{}' without a key: it is private, or there is no such model", base, name));
    case 404: return Error(ErrorCode::kNotFound, message("{} has no model '{}'; check name and tag", base, name));
    default: return error_of(answer);
  }
}

}  // namespace

std::string RegistryClient::base_of(const RegistryRef& ref) const {
  if (ref.host.empty())
    return default_base_.ends_with('/') ? default_base_.substr(0, default_base_.size() - 1) : default_base_;
  const auto plain = net::Url::parse("http://" + ref.host);
  return (plain && plain->is_loopback() ? "http://" : "https://") + ref.host;
}

net::Headers RegistryClient::authorization() const {
  net::Headers headers;
  if (!token_.empty()) headers.add("Authorization", "Bearer " + token_);
  return headers;
}

// https://distribution.github.io/distribution/spec/auth/token, without credentials: what is public needs none.
Result<void> RegistryClient::authenticate(const net::HttpResponse& refusal, const RegistryRef& ref,
                                          const std::stop_token& stop) {
  const auto challenge = net::parse_bearer_challenge(refusal.headers.get("www-authenticate"));
  if (!challenge || challenge->get("realm").empty()) return fail(refused(ref, base_of(ref), refusal));
  ZUBR_TRY(here, net::Url::parse(base_of(ref)));
  ZUBR_TRY(realm, here.resolve(challenge->get("realm")));
  if (realm.scheme != "https" && !realm.same_origin(here) && !realm.is_loopback())
    return fail(ErrorCode::kUnsupported, "{} wants a token to be fetched over http from {}; that is not done",
                here.text, realm.display());
  const std::string scope = challenge->get("scope");
  std::string url = realm.text + (realm.text.find('?') == std::string::npos ? "?" : "&");
  url += "service=" + net::percent_encode(challenge->get("service")) +
         "&scope=" + net::percent_encode(scope.empty() ? "repository:" + ref.repository + ":pull" : scope);
  Retrier retrier(options_.retry, options_.wait, options_.random);
  ZUBR_TRY(answer, fetch_with_retries(client_, {.url = url, .max_body_bytes = kMaxToken}, retrier, stop));
  if (!answer.ok()) return fail(refused(ref, base_of(ref), answer));
  boost::json::error_code error;
  const auto json = boost::json::parse(answer.body, error);
  if (!error && json.is_object())
    for (const char* key : {"token", "access_token"})
      if (const auto* value = json.get_object().if_contains(key); value != nullptr && value->is_string())
        token_ = std::string(value->get_string());
  if (token_.empty() || !net::is_valid_field({"Authorization", token_}))
    return fail(ErrorCode::kCorrupt, "{} gives no token that can be used", realm.display());
  return {};
}

Result<RegistryManifest> RegistryClient::manifest(const RegistryRef& ref, const std::stop_token& stop) {
  const std::string version = ref.digest ? ref.digest->text() : ref.tag;
  net::HttpRequest request{.url = base_of(ref) + "/v2/" + ref.repository + "/manifests/" + version,
                           .max_body_bytes = kMaxManifest};
  Retrier retrier(options_.retry, options_.wait, options_.random);
  for (bool again = true;; again = false) {
    request.headers = authorization();
    request.headers.add("Accept", std::string(kManifestTypes));
    ZUBR_TRY(answer, fetch_with_retries(client_, request, retrier, stop));
    if (answer.status == 401 && again) {
      token_.clear();
      ZUBR_CHECK(authenticate(answer, ref, stop));
      continue;
    }
    if (!answer.ok()) return fail(refused(ref, base_of(ref), answer));
    if (ref.digest && sha256(answer.body) != *ref.digest)
      return fail(ErrorCode::kCorrupt, "{} answers with another manifest than {}", base_of(ref), ref.digest->text());
    auto manifest = parse_manifest(answer.body);
    if (!manifest) return fail(manifest.error().context(ref_text(ref)));
    return RegistryManifest{std::move(*manifest), std::move(answer.body)};
  }
}

Result<DownloadRequest> RegistryClient::blob(const RegistryRef& ref, const Layer& layer) const {
  const std::string base = base_of(ref);
  DownloadRequest request;
  request.sources = {{base + "/v2/" + ref.repository + "/blobs/" + layer.digest.text(), authorization()}};
  request.digest = layer.digest;
  request.size = layer.size;
  request.name = fmt::format("{} ({})", ref_text(ref), layer.digest.hex().substr(0, 12));
  request.explain = [ref, base](const net::HttpResponse& answer) { return refused(ref, base, answer); };
  return request;
}

}  // namespace zubr::models
