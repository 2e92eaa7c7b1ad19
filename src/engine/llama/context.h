// Context: a model's working memory (KV cache and buffers) and the calls that evaluate tokens in it.
//
// Threads: one thread at a time; it may be another one for each call. Several contexts of one model may run at once.
// Ownership: keeps its Model alive.
// Failure: create() kOutOfMemory or kUnsupported; decode() kCancelled when `stop` was asked (within one graph node, a
// few milliseconds), kTooLarge when there is no room in the cache, kInternal for a batch that breaks the rules below.
// After a failed decode the cache holds an unknown part of the batch: remove the sequences that were in it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "core/result.h"
#include "engine/llama/model.h"
#include "engine/run_options.h"

struct llama_context;

namespace zubr::engine {

inline constexpr int kMaxSequences = 256;  // of libllama

// Micro-batches of 3 to 63 tokens make evaluation on CPU independent of what else is in a batch: from 64 on, ggml's
// flash attention works in tiles that depend on where a sequence's cells lie, and products with 1 or 2 columns take
// other kernels. Within these bounds a token's logits are the same bits in any batch (README.md, "Exactness"). It costs
// no speed: 60 tokens already fill the kernels.
inline constexpr int kExactMicroBatch = 60;
inline constexpr int kExactLeastTokens = 3;

struct ContextOptions {
  int cells = 4096;        // tokens that all sequences may hold together; rounded up to a multiple of 256
  int batch_tokens = 512;  // the most one decode() may have
  int micro_batch = 0;     // evaluated at a time; 0 = a whole batch
  int sequences = 1;       // at most kMaxSequences
  int outputs = 0;         // the most tokens of one decode() with logits or embeddings; 0 = all
  bool unified = true;     // one pool of cells, so that sequences may share them
  bool embeddings = false;
  bool exact_cache = false;  // keys and values in F32 instead of F16: twice the memory, for comparisons
  int threads = 0;           // 0 = as the model was told
  CacheType cache = CacheType::kF16;
  FlashAttention flash = FlashAttention::kAuto;
};

// The tokens of one decode, each with its place in a sequence. Positions in a sequence must follow on those in the
// cache.
class Batch {
 public:
  void clear();
  void add(Token token, int position, int sequence, bool wants_output);
  // Adds tokens without output in the empty `sequence` until the last micro-batch has at least so many. Returns how
  // many were added; the caller removes the sequence after the decode. Not for an empty batch.
  int pad(int micro_batch, int least, int sequence);
  int size() const { return static_cast<int>(tokens_.size()); }
  int outputs() const { return outputs_; }
  bool empty() const { return tokens_.empty(); }

 private:
  friend class Context;
  Tokens tokens_;
  std::vector<std::int32_t> positions_, sequences_, sequence_counts_;
  std::vector<std::int8_t> wants_output_;
  std::vector<std::int32_t*> sequence_pointers_;
  int outputs_ = 0;
};

class Context {
 public:
  static Result<std::unique_ptr<Context>> create(std::shared_ptr<const Model> model, const ContextOptions& options);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  Result<void> decode(Batch& batch, std::stop_token stop);

  // Of the last decode: the vocabulary-sized row of the i-th token of the batch, which must have wanted output. Valid
  // until the next decode.
  std::span<const float> logits(int batch_index);
  // The vector of a token, or (where the model pools) of a sequence; empty where there is none.
  std::span<const float> embedding(int batch_index);
  std::span<const float> pooled_embedding(int sequence);

  // Lets `to` begin with everything that `from` holds. Free with unified cells. `to` must be empty.
  void copy_sequence(int from, int to);
  // Its first tokens only (or all, for a state that cannot be cut).
  void copy_sequence(int from, int to, int tokens);
  void remove_sequence(int sequence);
  // Removes the positions from `position` on; false where the model cannot (recurrent state).
  bool truncate_sequence(int sequence, int position);
  // Removes all sequences but this one.
  void keep_only(int sequence);
  void clear();
  // The next free position of a sequence, from 0.
  int length(int sequence) const;

  const Model& model() const { return *model_; }
  const ContextOptions& options() const { return options_; }
  int cells() const;
  llama_context* handle() const;  // for engine/ only (samplers)

 private:
  struct Handle;
  Context();

  std::shared_ptr<const Model> model_;
  ContextOptions options_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace zubr::engine
