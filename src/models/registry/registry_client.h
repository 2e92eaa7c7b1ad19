// Pulls from registries that speak the OCI distribution protocol (https://github.com/opencontainers/distribution-spec),
// the Ollama registry among them: manifests, blobs, and what a 401 asks for (registry_auth.h).
//
// One thread; blobs may be downloaded on others with what blob() returns.
#pragma once

#include <stop_token>
#include <string>

#include "models/fetch/download.h"
#include "models/fetch/retrier.h"
#include "models/model_ref.h"
#include "models/registry/manifest.h"
#include "models/registry/registry_auth.h"
#include "net/http_client.h"

namespace zubr::models {

struct RegistryManifest {
  Manifest manifest;
  std::string text;  // as it came: its hash is its name
};

// "https://ghcr.io": where a reference's registry answers.
std::string registry_base(const RegistryRef& ref, const std::string& default_base);

class RegistryClient {
 public:
  // `default_base`: for references without a host, "https://registry.ollama.ai". Other hosts are asked with https, this
  // machine itself with http. `client` and `options` must live as long.
  RegistryClient(net::HttpClient& client, std::string default_base, const DownloadOptions& options,
                 FindCredentials credentials = {})
      : client_(client),
        default_base_(std::move(default_base)),
        options_(options),
        auth_(client, options, std::move(credentials)) {}

  // kNotFound: no such model or tag. kUnauthenticated: a private one. kCorrupt: parse_manifest(), or not the digest
  // that was asked for.
  Result<RegistryManifest> manifest(const RegistryRef& ref, const std::stop_token& stop);

  // What download() needs to fetch a layer. The registry may redirect to a signed address elsewhere; the token stays
  // here.
  Result<DownloadRequest> blob(const RegistryRef& ref, const Layer& layer) const;

  // After blob() was answered with kUnauthenticated: tokens are good for some minutes only. False when there was none.
  bool forget_token() {
    const bool known = auth_.known();
    auth_.forget();
    return known;
  }

  std::string base_of(const RegistryRef& ref) const { return registry_base(ref, default_base_); }

 private:
  net::HttpClient& client_;
  std::string default_base_;
  const DownloadOptions& options_;
  RegistryAuth auth_;
};

}  // namespace zubr::models
