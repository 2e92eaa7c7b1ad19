// One blob into a registry (https://github.com/opencontainers/distribution-spec, "Push"): nothing where it is there,
// mounted from another repository of the registry where it is there, else in chunks.
//
// Where an upload stands is kept in a file, so that a killed push goes on with the next chunk; a registry that has
// forgotten it gets the blob from the start. What a chunk's failure left on the server is asked for. The registry
// checks the digest at the end; what we read is hashed on the way and compared before that.
//
// One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

#include "models/blobs/digest.h"
#include "models/fetch/download.h"
#include "models/registry/registry_auth.h"
#include "net/http_client.h"

namespace zubr::models {

struct UploadSource {
  std::filesystem::path file = {};  // or …
  std::string bytes = {};           // … in memory, where `file` is empty
  Digest digest;
  std::uint64_t size = 0;
};

enum class UploadKind { kThere, kMounted, kSent };
struct Uploaded {
  UploadKind kind = UploadKind::kThere;
  std::uint64_t sent = 0;  // bytes, by this process
};

using OnUpload = std::function<void(std::uint64_t done, std::uint64_t total)>;

class Uploader {
 public:
  // `base`: "https://ghcr.io"; `state`: a folder for what is on its way.
  Uploader(net::HttpClient& client, const DownloadOptions& options, RegistryAuth& auth, std::string base,
           std::string repository, std::filesystem::path state, std::size_t chunk_bytes);

  // `mount_from`: a repository of the same registry that may have the blob; empty = none. kCorrupt: the file is not
  // what its digest says. kUnauthenticated, kPermissionDenied, kNotFound as the registry answers; kUnavailable … after
  // the retries.
  Result<Uploaded> upload(const UploadSource& source, const std::string& mount_from, const OnUpload& progress,
                          const std::stop_token& stop);

  // The manifest under a tag, or a digest's text.
  Result<void> put_manifest(const std::string& reference, const std::string& media_type, const std::string& text,
                            const std::stop_token& stop);

 private:
  struct Progress;
  Result<net::HttpResponse> send(net::HttpRequest request, const std::stop_token& stop, bool retry = true);
  Result<bool> is_there(const Digest& digest, const std::stop_token& stop);
  Result<bool> begin(Progress& at, const UploadSource& source, const std::string& mount_from,
                     const std::stop_token& stop);
  bool resume(Progress& at, const UploadSource& source, const std::stop_token& stop);
  Result<void> send_chunks(Progress& at, const UploadSource& source, const OnUpload& progress,
                           const std::stop_token& stop);
  Result<void> finish(Progress& at, const UploadSource& source, const std::stop_token& stop);
  Result<std::string> location_of(const net::HttpResponse& answer) const;
  std::filesystem::path state_file(const Digest& digest) const;
  void remember(const Progress& at, const UploadSource& source) const;
  Error refused(const net::HttpResponse& answer) const;

  net::HttpClient& client_;
  const DownloadOptions& options_;
  RegistryAuth& auth_;
  std::string base_, repository_;
  std::filesystem::path state_;
  std::size_t chunk_bytes_;
};

}  // namespace zubr::models
