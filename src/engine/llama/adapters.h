// Adapters: the LoRA adapters of one model, by name, and the sets of them that requests run with.
//
// Requests with different sets cannot be in one decode, and share no cache: each set is a Flavour (prefix_tree.h), 0
// the model alone. An adapter is read when it is first asked for and stays as long as the model.
//
// Threads: any; apply() where the context may be used.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/result.h"
#include "engine/llama/context.h"
#include "engine/prefix/prefix_tree.h"
#include "inference/generation.h"

struct llama_adapter_lora;

namespace zubr::engine {

class Adapters {
 public:
  Adapters(std::shared_ptr<const Model> model, std::map<std::string, std::filesystem::path> files)
      : model_(std::move(model)), files_(std::move(files)) {}

  // kNotFound, with the known names; kCorrupt for a file that is not an adapter of this model; kInvalidArgument for a
  // scale that is no number or an adapter named twice; kTooLarge after very many different sets.
  Result<Flavour> flavour(const std::vector<inference::AdapterChoice>& choices);
  Result<void> apply(Context& context, Flavour flavour);

 private:
  using Set = std::vector<std::pair<llama_adapter_lora*, float>>;
  Result<llama_adapter_lora*> load(const std::string& name);

  const std::shared_ptr<const Model> model_;
  const std::map<std::string, std::filesystem::path> files_;
  std::mutex mutex_;
  std::map<std::string, llama_adapter_lora*> loaded_;  // guarded by mutex_, as what follows
  std::map<std::map<std::string, float>, Flavour> flavours_;
  std::vector<Set> sets_ = {Set{}};  // by flavour
};

}  // namespace zubr::engine
