// Models that other programs keep, read where they are: Ollama's store and Hugging Face's cache.
//
//   $OLLAMA_MODELS or ~/.ollama/models:  manifests/<host>/<namespace>/<model>/<tag>, blobs/sha256-<hex>
//   $HF_HUB_CACHE, $HF_HOME/hub or ~/.cache/huggingface/hub:
//       models--<org>--<repo>/{refs/<revision>, snapshots/<commit>/<file> → ../../blobs/<etag>}
//
// Nothing in them is written. What is read is not trusted: names that would leave the store, links out of it, manifests
// that parse_manifest() refuses and blobs of another size are refused. Files are hashed before they are shared.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/settings.h"
#include "models/blobs/file_copy.h"
#include "models/create.h"
#include "models/model_ref.h"
#include "models/model_store.h"

namespace zubr::models {

// Where they are on this machine, whether or not anything is there. kNotFound: no home folder.
Result<std::filesystem::path> ollama_folder(const core::Environment& environment);
Result<std::filesystem::path> hub_cache_folder(const core::Environment& environment);

struct ForeignModel {
  std::string name;  // as it is asked for: "llama3.1:8b", "hf.co/org/repo:Q4_K_M"
  std::uint64_t bytes = 0;
};

// What Ollama has here. Entries that cannot be used are left out. kNotFound: no such folder.
Result<std::vector<ForeignModel>> list_ollama(const std::filesystem::path& folder);

// Files of a model, found and checked, not yet shared.
struct ForeignFiles {
  std::vector<std::filesystem::path> models;  // one, or the parts of a split one in order
  std::filesystem::path projector = {};
  Modelfile recipe = {};
  std::vector<std::string> notes = {};
  struct Hashed {
    std::filesystem::path file;
    std::optional<Digest> digest;  // as its store says
  };
  std::vector<Hashed> files = {};  // all of them
};

// kNotFound names the nearest and lists what is there; kCorrupt: a hostile or broken store.
Result<ForeignFiles> find_in_ollama(const std::filesystem::path& folder, const RegistryRef& ref);
Result<ForeignFiles> find_in_hub_cache(const std::filesystem::path& folder, const HubRef& ref);

struct AdoptWishes {
  std::string name;
  std::string source;  // for the references: "ollama:llama3.1:8b"
  bool replace = false;
  LoadCheck check = {};
};
struct Adopted {
  ModelEntry entry;
  std::uint64_t linked = 0, copied = 0;  // bytes
};
// Shares the files as blobs (hard links; copies across file systems) and gives the name.
Result<Adopted> adopt_files(const std::filesystem::path& home, const ModelStore& store, const ForeignFiles& files,
                            const AdoptWishes& wishes, const OnBytes& progress, const std::stop_token& stop);

}  // namespace zubr::models
