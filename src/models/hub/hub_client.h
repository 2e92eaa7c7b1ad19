// Hugging Face's hub, or a server that speaks like it (HF_ENDPOINT): which files a repository has, and how to fetch
// one.
//
// The protocol: GET /api/models/{repo}/tree/{revision} lists, pages by Link; HEAD /{repo}/resolve/{revision}/{path}
// tells X-Repo-Commit, X-Linked-Etag (sha256) and X-Linked-Size and redirects to a signed address, which never gets our
// token (https://huggingface.co/docs/huggingface_hub/package_reference/file_download).
//
// One thread.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/settings.h"
#include "models/fetch/download.h"
#include "models/hub/hub_files.h"
#include "models/model_ref.h"
#include "net/http_client.h"

namespace zubr::models {

// $HF_TOKEN, else what `hf auth login` keeps: $HF_TOKEN_PATH, $HF_HOME/token, ~/.cache/huggingface/token. Empty = none.
std::string hub_token(const core::Environment& environment);

// The entries of one page of the tree API that are files. Paths that would leave the repository are kCorrupt.
Result<std::vector<HubFile>> parse_tree(std::string_view json);

class HubClient {
 public:
  // `endpoint`: "https://huggingface.co". `client` and `options` must live as long.
  HubClient(net::HttpClient& client, std::string endpoint, std::string token, const DownloadOptions& options);

  // kNotFound: no such repository or revision. kPermissionDenied: gated, with the page to accept on. kUnauthenticated:
  // private, or none; says how to give a token.
  Result<std::vector<HubFile>> list(const HubRef& ref, const std::stop_token& stop);

  // What download() needs: the revision pinned to its commit, digest and size as the hub says them. kCorrupt when it
  // says another digest than the listing did.
  Result<DownloadRequest> resolve(const HubRef& ref, const HubFile& file, const std::stop_token& stop);

 private:
  Error refused(const HubRef& ref, const net::HttpResponse& answer) const;
  net::Headers authorization() const;

  net::HttpClient& client_;
  std::string endpoint_;
  std::string token_;
  const DownloadOptions& options_;
};

}  // namespace zubr::models
