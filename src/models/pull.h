// zubr pull: from a reference to a model that has a name and loads.
//
//   Puller puller(client, home, pull_options(settings, environment));
//   ZUBR_TRY(ref, parse_model_ref("hf.co/user/repo:Q8_0"));
//   ZUBR_TRY(report, puller.pull(ref, {}, on_progress, stop));
//
// Files land in $ZUBR_HOME/blobs under their hash; the shards of a split model also in blobs/sets/, under the names
// that llama.cpp looks for. A file: stays where it is. Every GGUF header is checked before the name is given, and the
// engine asked; a blob that is none is removed again. Template, system message, parameters and messages of a registry
// become the model's recipe. Pulling the same again fetches nothing, except from a plain address that does not say its
// hash.
//
// One thread per Puller; several processes may pull at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "models/blobs/blob_references.h"
#include "models/blobs/blob_store.h"
#include "models/create.h"
#include "models/fetch/download.h"
#include "models/model_ref.h"
#include "models/model_store.h"
#include "models/registry/registry_auth.h"
#include "net/http_client.h"

namespace zubr::models {

struct PullOptions {
  std::string ollama_registry = "https://registry.ollama.ai";
  std::string hf_endpoint = "https://huggingface.co";
  std::string hf_token = {};
  // Other servers of the same paths, asked when those above fail; only for files whose hash is known, and never with a
  // token.
  std::vector<std::string> ollama_mirrors = {}, hf_mirrors = {};
  DownloadOptions download = {};
  FindCredentials credentials = {};  // of registries
  LoadCheck check = {};              // asked before a model gets its name
};

struct PullWishes {
  std::string name = {};  // empty = default_name()
  bool replace = false;   // take the name from another model
  bool dry_run = false;   // say what would be fetched, fetch nothing but lists
};

struct PullItem {
  std::string what;  // "model", "projector", "template", "part 2 of 3" …
  std::string file;  // name at the source
  std::optional<Digest> digest = {};
  std::uint64_t size = 0;  // 0 = the source does not say
  bool here = false;       // before this pull
};

struct PullReport {
  std::string name;
  std::string source;  // ref_text(), with the quantization that was chosen
  std::vector<PullItem> items;
  std::filesystem::path model;  // what the name stands for; empty after a dry run
  std::filesystem::path projector;
  std::uint64_t fetched = 0;       // bytes
  std::vector<std::string> notes;  // what the user should know, already translated
};

struct PullProgress {
  std::size_t index = 0;  // of `count`
  std::size_t count = 0;
  const PullItem* item = nullptr;
  DownloadProgress download;
};
using OnPull = std::function<void(const PullProgress&)>;

class Puller {
 public:
  // Opens nothing yet. `client` must live as long.
  Puller(net::HttpClient& client, std::filesystem::path home, PullOptions options);

  // Errors of parse_manifest(), choose_files(), download(), and: kAlreadyExists, another model has the name.
  Result<PullReport> pull(const ModelRef& ref, const PullWishes& wishes, const OnPull& progress, std::stop_token stop);

 private:
  struct Work;
  Result<void> plan(Work& work, const RegistryRef& ref);
  Result<void> plan(Work& work, const HubRef& ref);
  Result<void> plan(Work& work, const UrlRef& ref);
  Result<void> plan(Work& work, const FileRef& ref);
  Result<void> fetch(Work& work, const OnPull& progress);
  Result<void> check(Work& work);
  Result<Modelfile> recipe(Work& work) const;
  Result<void> link_shards(Work& work);
  Result<void> check_name(const std::string& name, const std::string& source, bool replace) const;

  net::HttpClient& client_;
  std::filesystem::path home_;
  PullOptions options_;
  ModelStore models_;
  BlobReferences references_;
};

// Removes blobs that no model of the store needs, references of models that are gone, and left-overs of pulls.
Result<BlobStore::Garbage> collect_garbage(const std::filesystem::path& home, bool dry_run, std::stop_token stop);

}  // namespace zubr::models
