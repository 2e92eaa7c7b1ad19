// zubr push: a model of the store into a registry, as `ollama pull` and `zubr pull` read it: a manifest of Docker's v2
// schema 2 whose layers are the GGUF files, the projector, adapters and what the recipe says.
//
// One thread per Pusher.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "models/fetch/download.h"
#include "models/model_ref.h"
#include "models/model_store.h"
#include "models/registry/registry_auth.h"
#include "models/registry/upload.h"
#include "net/http_client.h"

namespace zubr::models {

struct PushOptions {
  std::string ollama_registry = "https://registry.ollama.ai";
  FindCredentials credentials = {};
  DownloadOptions network = {};  // retries
  std::size_t chunk_bytes = 16 << 20;
};

struct PushReport {
  std::string target;  // ref_text()
  std::string digest;  // of the manifest
  int blobs = 0, there = 0, mounted = 0;
  std::uint64_t sent = 0;
};

struct PushProgress {
  std::size_t index = 0, count = 0;
  std::string what;  // "model", "license" …
  std::uint64_t done = 0, total = 0;
  bool hashing = false;  // of a file that is not in the blobs yet
};
using OnPush = std::function<void(const PushProgress&)>;

class Pusher {
 public:
  // `client` must live as long.
  Pusher(net::HttpClient& client, std::filesystem::path home, PushOptions options);

  // kInvalidArgument: a reference to one digest. kNotFound: a file is gone. Errors of Uploader.
  Result<PushReport> push(const ModelEntry& entry, const RegistryRef& ref, const OnPush& progress,
                          std::stop_token stop);

 private:
  net::HttpClient& client_;
  std::filesystem::path home_;
  PushOptions options_;
};

}  // namespace zubr::models
