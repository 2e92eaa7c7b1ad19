// The Llama decoder in torch: RMSNorm, rotary positions in interleaved pairs (as GGUF's "llama" has them),
// grouped-query attention, SwiGLU, output matrix tied or not. Sources: https://arxiv.org/abs/2302.13971,
// https://arxiv.org/abs/2104.09864
//
// Weights are float32. With `compute` = bfloat16 the matrix products run in it, and the residual stream, the norms and
// the loss stay in float32. Only for train/torch/ and its tests: this header includes torch.
// Threads: one at a time. torch's exceptions pass through; train/torch/trainer.cc stops them.
#pragma once

#include <torch/torch.h>

#include <string>
#include <utility>
#include <vector>

#include "train/packing.h"
#include "train/shape.h"

namespace zubr::train {

class Llama {
 public:
  // Weights from a normal distribution with deviation 0.02, those that write to the residual stream scaled down by
  // sqrt(2 * layers); norms are one. Draws from torch's global generator.
  Llama(const LlamaShape& shape, torch::Dtype compute);

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

  // States after the last norm, [rows * length, width].
  torch::Tensor states(const Batch& batch) const;
  // Logits at the given cells, float32, [cells, vocabulary].
  torch::Tensor logits(const torch::Tensor& states, const torch::Tensor& cells) const;
  // -log P of every target of the batch, [targets].
  torch::Tensor losses(const Batch& batch) const;
  // The same where only the tokens of the target's own trunk and `end` can be answered: what is left is choosing among
  // the labels on offer. Adds `full` times the loss over the whole vocabulary.
  torch::Tensor choice_losses(const Batch& batch, TokenId end, double full) const;

 private:
  struct Block {
    torch::Tensor attention_norm, q, k, v, o, feed_norm, gate, up, down;
  };

  torch::Tensor add(const std::string& name, std::vector<std::int64_t> dims, double deviation);
  torch::Tensor linear(const torch::Tensor& x, const torch::Tensor& w) const;
  torch::Tensor attention(const Block& block, const torch::Tensor& x, const torch::Tensor& turn,
                          const torch::Tensor& mask, std::int64_t rows) const;

  LlamaShape shape_;
  torch::Dtype compute_;
  std::vector<std::pair<std::string, torch::Tensor>> weights_;
  torch::Tensor embedding_, output_norm_, output_;
  std::vector<Block> blocks_;
};

}  // namespace zubr::train
