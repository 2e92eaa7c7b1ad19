// ModelShelf: the models on this machine, as the endpoints that list and change them see them. StoredModels
// (shelf/stored_models.h) is the real one.
//
// Threads: every method from any thread at once.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"
#include "models/modelfile/modelfile.h"

namespace zubr::server {

struct ShelfModel {
  std::string name;
  std::uint64_t bytes = 0;
  std::string architecture;  // empty or 0: unknown, here and below
  std::int64_t parameters = 0;
  std::string quantization;
  std::int64_t context_tokens = 0;
  std::string digest;  // 64 hexadecimal digits
  std::chrono::system_clock::time_point changed_at{};
};

struct ShelfPullProgress {
  std::string digest;  // "sha256:…"; empty: not known yet
  std::string what;    // the file's name at its source
  std::uint64_t total = 0;
  std::uint64_t completed = 0;
  bool verifying = false;
};

// A new model: from another one, or from blobs.
struct ShelfRecipe {
  std::string name;
  std::string from;                   // a model's name, never a path; empty: `files`
  std::vector<std::string> files;     // digests: the GGUF file, and the projector of a vision model
  std::vector<std::string> adapters;  // digests
  models::Modelfile modelfile;        // without FROM and ADAPTER
};

// How a model is used: what its Modelfile says.
struct ShelfUse {
  std::string modelfile;  // as a text, FROM first
  models::Modelfile recipe;
};

struct ShelfPushProgress {
  std::string what;  // "model", "license" …
  std::uint64_t total = 0;
  std::uint64_t completed = 0;
  bool hashing = false;
};

class ModelShelf {
 public:
  virtual ~ModelShelf() = default;

  virtual Result<std::vector<ShelfModel>> list() = 0;
  virtual Result<ShelfModel> find(std::string_view name) = 0;
  // What the file says of itself, as JSON values by name; arrays (vocabularies) are left out.
  virtual Result<std::vector<std::pair<std::string, std::string>>> facts(std::string_view name) = 0;
  virtual Result<std::string> chat_template(std::string_view name) = 0;  // empty: it has none
  virtual Result<ShelfUse> use(std::string_view name) = 0;

  virtual Result<void> copy(std::string_view source, const std::string& destination) = 0;
  // Forgets the name, and removes files that nobody needs any more.
  virtual Result<void> remove(std::string_view name, std::stop_token stop) = 0;
  // From a registry or the hub; kUnsupported for addresses and files: those are for who sits at this machine.
  virtual Result<void> pull(std::string_view reference, const std::function<void(const ShelfPullProgress&)>& progress,
                            std::stop_token stop) = 0;

  // What the user should know of it then. Replaces a model of that name.
  virtual Result<std::vector<std::string>> create(const ShelfRecipe& recipe, std::stop_token stop) = 0;
  // kInvalidArgument for a place that is none in a registry.
  virtual Result<void> push(std::string_view name, std::string_view reference,
                            const std::function<void(const ShelfPushProgress&)>& progress, std::stop_token stop) = 0;

  virtual Result<bool> has_blob(std::string_view digest) = 0;
  // kInvalidArgument when the bytes have another digest.
  virtual Result<void> put_blob(std::string_view digest, std::string_view bytes, std::stop_token stop) = 0;
};

}  // namespace zubr::server
