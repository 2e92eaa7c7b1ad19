// Who we are to a registry: what its 401 asks for. Bearer: a token from its token server
// (https://distribution.github.io/distribution/spec/auth/token), anonymous or for a user and password; Basic: the user
// and password themselves. Both come from where `docker login` keeps them.
//
// A token or password is sent to the registry it is for and to no redirect's target. One thread.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "core/settings.h"
#include "models/fetch/download.h"
#include "net/http_client.h"

namespace zubr::models {

struct RegistryCredentials {
  std::string user, password;
};
// Of a registry's host ("ghcr.io", "127.0.0.1:5000"); none = anonymous.
using FindCredentials = std::function<std::optional<RegistryCredentials>(std::string_view host)>;

// Reads "auths" of $DOCKER_CONFIG/config.json or ~/.docker/config.json, each time it is asked. Credential helpers are
// not run.
FindCredentials docker_credentials(const core::Environment& environment);
// The same for a file's text. Pure.
std::optional<RegistryCredentials> credentials_in(std::string_view docker_config, std::string_view host);

class RegistryAuth {
 public:
  // `client` and `options` must live as long.
  RegistryAuth(net::HttpClient& client, const DownloadOptions& options, FindCredentials find)
      : client_(client), options_(options), find_(std::move(find)) {}

  // What to send with a request; empty before the first 401.
  net::Headers headers() const;
  bool known() const { return !authorization_.empty(); }
  void forget() { authorization_.clear(); }

  // After a 401: does what its challenge asks for. `base`: the registry ("https://ghcr.io"); `scope`: what is wanted
  // where the challenge does not say. kUnauthenticated: there is nothing to answer with, or it was refused;
  // kUnsupported: a token would have to be fetched in the clear.
  Result<void> respond(const net::HttpResponse& refusal, const std::string& base, const std::string& scope,
                       const std::stop_token& stop);

 private:
  Result<void> fetch_token(const net::HttpResponse& refusal, const std::string& base, const std::string& scope,
                           const std::stop_token& stop);

  net::HttpClient& client_;
  const DownloadOptions& options_;
  FindCredentials find_;
  std::string authorization_;
};

}  // namespace zubr::models
