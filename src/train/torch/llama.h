// The decoder of the Llama family in torch: RMSNorm, rotary positions, grouped-query attention, gated feed-forward or
// experts, and the options of shape.h. Sources: https://arxiv.org/abs/2302.13971, https://arxiv.org/abs/2401.04088
// (experts), https://arxiv.org/abs/2408.00118 (Gemma 2), llama.cpp's graphs.
//
// Weights of a model made from nothing are float32. With `compute` = bfloat16 the matrix products run in it, and the
// residual stream, the norms and the loss stay in float32. Only for train/torch/ and its tests: this header includes
// torch. Threads: one at a time. torch's exceptions pass through; guarded.h stops them.
#pragma once

#include <torch/torch.h>

#include <string>
#include <utility>
#include <vector>

#include "train/packing.h"
#include "train/shape.h"
#include "train/torch/cells.h"
#include "train/torch/projection.h"

namespace zubr::train {

class Llama {
 public:
  // Weights from a normal distribution with deviation 0.02, those that write to the residual stream scaled down by
  // sqrt(2 * layers); norms are one. Draws from torch's global generator.
  Llama(const LlamaShape& shape, torch::Dtype compute) : Llama(shape, compute, torch::kFloat32, true) {}
  // To be filled with load_weights(): matrices in `storage`, without gradients.
  static Llama frozen(const LlamaShape& shape, torch::Dtype compute, torch::Dtype storage) {
    return {shape, compute, storage, false};
  }

  // Makes some heads begin as what a reader of short texts needs (after https://arxiv.org/abs/2305.09828): in the first
  // layers by passing on the tokens near by, in all others by attending to tokens whose state is like their own and
  // passing on what stands there. Only of use with an embedding that already says what is alike: call it after
  // associate() (association.h).
  void begin_with_similarity();
  // An output matrix of its own begins as the embedding: a token passed on is the token that is answered.
  void begin_output_as_embedding();

  const LlamaShape& shape() const { return shape_; }
  // GGUF names ("blk.0.attn_q.weight") and tensors, in a fixed order.
  const std::vector<std::pair<std::string, torch::Tensor>>& weights() const { return weights_; }
  std::vector<torch::Tensor> parameters() const;
  // The projections of all layers by GGUF name; for adapters. Experts are not among them.
  std::vector<std::pair<std::string, Projection*>> projections();

  // Dropout of adapters happens only while training.
  void set_training(bool on) { training_ = on; }
  // Keep only each layer's input and compute the layer again for its gradients: less memory for a third more time.
  // `seed` makes the second time drop what the first one did; give another one for every step.
  void set_recompute(bool on) { recompute_ = on; }
  void set_seed(std::uint64_t seed) { seed_ = seed; }

  // States after the last norm, [rows * length, width].
  torch::Tensor states(const Batch& batch) const;
  // Logits at the given cells, float32, [cells, vocabulary].
  torch::Tensor logits(const torch::Tensor& states, const torch::Tensor& cells) const;
  // -log P of every target of the batch, [targets].
  torch::Tensor losses(const Batch& batch) const;
  // The weighted sum of losses() over the batch's weights, without keeping logits.
  torch::Tensor weighted_loss(const Batch& batch) const;
  // The same where only the tokens of the target's own trunk and `end` can be answered: what is left is choosing among
  // the labels on offer. Adds `full` times the loss over the whole vocabulary.
  torch::Tensor choice_losses(const Batch& batch, TokenId end, double full) const;

 private:
  struct Experts {
    torch::Tensor router, gate, up, down;  // [experts, width], [experts, feed_forward, width] ×2, the last transposed
  };
  struct Block {
    torch::Tensor attention_norm, feed_norm, q_norm, k_norm, attention_post_norm, feed_post_norm;
    Projection q, k, v, o, gate, up, down;
    Experts experts;
  };
  struct Sight {  // of the layers with one kind of attention
    torch::Tensor mask;
    Rotation rotation;
  };

  Llama(const LlamaShape& shape, torch::Dtype compute, torch::Dtype storage, bool random);
  torch::Tensor add(const std::string& name, std::vector<std::int64_t> dims, double deviation);
  void add_feed_forward(const std::string& name, double deviation, double residual, Block& block);
  torch::Tensor run(const torch::Tensor& x, const Projection& p) const { return project(x, p, compute_, training_); }
  torch::Tensor norm(const torch::Tensor& x, const torch::Tensor& weight, torch::Dtype out) const;
  torch::Tensor layer(std::size_t index, const torch::Tensor& x, const Sight& sight, std::int64_t rows) const;
  torch::Tensor attention(const Block& block, const torch::Tensor& x, const Sight& sight, std::int64_t rows) const;
  torch::Tensor feed_forward(const Block& block, const torch::Tensor& x) const;
  torch::Tensor mixture(const Experts& experts, const torch::Tensor& x) const;

  LlamaShape shape_;
  torch::Dtype compute_, storage_;
  bool random_, training_ = false, recompute_ = false;
  std::uint64_t seed_ = 0;
  std::vector<std::pair<std::string, torch::Tensor>> weights_;
  torch::Tensor embedding_, output_norm_, output_;
  std::vector<Block> blocks_;
};

}  // namespace zubr::train
