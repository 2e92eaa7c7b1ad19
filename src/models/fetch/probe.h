// What a server says about a file before it is fetched: size, version, and its hash where it tells. Asked with a GET of
// one byte, because signed addresses refuse HEAD.
#pragma once

#include <optional>
#include <string>

#include "models/blobs/digest.h"
#include "models/fetch/download.h"

namespace zubr::models {

struct Probe {
  std::optional<std::uint64_t> size = {};
  std::optional<Digest> digest = {};  // X-Linked-Etag, on the way or at the end
  std::string etag = {};
  std::string location = {};  // where redirects led
};

Result<Probe> probe(net::HttpClient& client, const DownloadRequest& request, const DownloadOptions& options,
                    const std::stop_token& stop);

// X-Linked-Etag and X-Linked-Size, as Hugging Face answers for files that it keeps elsewhere
// (https://huggingface.co/docs/huggingface_hub, file_download).
void read_linked_headers(const net::Headers& headers, Probe& probe);

}  // namespace zubr::models
