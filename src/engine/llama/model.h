// Model: a GGUF file in memory, its vocabulary and what its header says. The only way to get a llama_model.
//
// Threads: immutable after load(); everything is const and may be used from any thread. Contexts (context.h) are made
// from it and share it.
// Ownership: shared by the Backend and every context, scorer and generation that is still running on it.
// Failure: load() returns kNotFound, kIo, kCorrupt (not a GGUF, truncated, hostile), kUnsupported (an architecture that
// this llama.cpp does not know), kOutOfMemory or kCancelled (options.progress said stop). Nothing that a file contains
// ends the process; the checks that llama.cpp makes only by aborting are made before it sees the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/llama/tokenizer.h"
#include "engine/model_options.h"

struct llama_model;
struct llama_adapter_lora;

namespace zubr::engine {

class Model {
 public:
  static Result<std::shared_ptr<const Model>> load(const ModelOptions& options);
  // Only the tokenizer; no weights. Files without tensors (vocabularies) are fine here, and only here.
  static Result<std::shared_ptr<const Model>> load_vocabulary(const std::filesystem::path& path);

  ~Model();
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  const std::string& name() const { return name_; }
  const std::filesystem::path& path() const { return path_; }
  const std::string& description() const { return description_; }  // "llama 1.24B Q8_0"
  const std::string& architecture() const { return architecture_; }
  std::string quantization() const;  // "Q4_0"; empty where the file does not say
  std::uint64_t parameters() const;
  std::uint64_t bytes() const;

  int context_train() const { return context_train_; }  // tokens; 0 = unknown
  // Per sequence: what the user asked for, else what the model was trained for.
  int context_tokens() const { return context_tokens_; }
  int threads() const { return threads_; }
  Compute compute() const { return compute_; }                  // what it came to: kAuto only where packed
  std::uint64_t packed_bytes() const { return packed_bytes_; }  // of memory, for other than kGgml
  int embedding_size() const;                                   // of its output vectors

  const Tokenizer& tokenizer() const { return *tokenizer_; }
  // Jinja source of the chat template in the file, if there is one.
  const std::optional<std::string>& chat_template() const { return chat_template_; }
  // ModelOptions::chat_template; then it is chat_template() too.
  bool has_other_chat_template() const { return has_other_chat_template_; }
  // A scalar of the header as text ("general.name").
  std::optional<std::string> meta(const std::string& key) const;

  bool has_weights() const { return has_weights_; }
  bool can_generate() const;        // has a decoder with causal attention and an output layer
  bool is_causal() const;           // a token sees only those before it
  bool has_encoder() const;         // T5 and the like
  bool is_recurrent() const;        // all state per sequence (Mamba, RWKV)
  bool is_hybrid() const;           // some layers recurrent
  bool has_sliding_window() const;  // some layers forget
  bool is_diffusion() const;

  // For engine/ only; llama.cpp takes non-const pointers but does not change a model.
  llama_model* handle() const;
  // Of ModelOptions::adapters; they live as long as the model.
  const std::vector<llama_adapter_lora*>& adapters() const { return adapters_; }

 private:
  struct Handle;
  Model();
  static Result<std::shared_ptr<const Model>> load_file(const ModelOptions& options, bool vocab_only);
  void read_header(const ModelOptions& options);
  Result<void> pack(Compute compute);
  Result<void> load_adapters(const ModelOptions& options);

  std::unique_ptr<Handle> handle_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::string name_, description_, architecture_;
  std::filesystem::path path_;
  std::optional<std::string> chat_template_;
  std::vector<llama_adapter_lora*> adapters_;
  int context_train_ = 0, context_tokens_ = 0, threads_ = 1;
  Compute compute_ = Compute::kGgml;
  std::uint64_t packed_bytes_ = 0;
  bool has_weights_ = false, has_other_chat_template_ = false;
};

}  // namespace zubr::engine
