#include "models/registry/registry_client.h"

#include "net/url.h"

namespace zubr::models {
namespace {

constexpr std::size_t kMaxManifest = 4 << 20;

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

std::string registry_base(const RegistryRef& ref, const std::string& default_base) {
  if (ref.host.empty())
    return default_base.ends_with('/') ? default_base.substr(0, default_base.size() - 1) : default_base;
  const auto plain = net::Url::parse("http://" + ref.host);
  return (plain && plain->is_loopback() ? "http://" : "https://") + ref.host;
}

Result<RegistryManifest> RegistryClient::manifest(const RegistryRef& ref, const std::stop_token& stop) {
  const std::string version = ref.digest ? ref.digest->text() : ref.tag;
  net::HttpRequest request{.url = base_of(ref) + "/v2/" + ref.repository + "/manifests/" + version,
                           .max_body_bytes = kMaxManifest};
  Retrier retrier(options_.retry, options_.wait, options_.random);
  for (bool again = true;; again = false) {
    request.headers = auth_.headers();
    request.headers.add("Accept", std::string(kManifestTypes));
    ZUBR_TRY(answer, fetch_with_retries(client_, request, retrier, stop));
    if (answer.status == 401 && again) {
      const auto done = auth_.respond(answer, base_of(ref), "repository:" + ref.repository + ":pull", stop);
      if (done) continue;
      if (done.error().code() != ErrorCode::kUnauthenticated) return fail(done.error());
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
  request.sources = {{base + "/v2/" + ref.repository + "/blobs/" + layer.digest.text(), auth_.headers()}};
  request.digest = layer.digest;
  request.size = layer.size;
  request.name = fmt::format("{} ({})", ref_text(ref), layer.digest.hex().substr(0, 12));
  request.explain = [ref, base](const net::HttpResponse& answer) { return refused(ref, base, answer); };
  return request;
}

}  // namespace zubr::models
