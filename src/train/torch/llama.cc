#include "train/torch/llama.h"

#include <algorithm>
#include <cmath>

#include "train/torch/fused.h"

namespace zubr::train {
namespace {

constexpr double kSharedPart = 0.2;

torch::Tensor as_tensor(const std::vector<std::int64_t>& values) {
  return torch::from_blob(const_cast<std::int64_t*>(values.data()), {static_cast<std::int64_t>(values.size())},
                          torch::kInt64)
      .clone();
}

torch::Tensor as_tensor(const std::vector<std::int32_t>& values) {
  return torch::from_blob(const_cast<std::int32_t*>(values.data()), {static_cast<std::int64_t>(values.size())},
                          torch::kInt32)
      .clone();
}

// 0 where row cell i may look at cell j, else a large negative number: [rows, 1, length, length].
torch::Tensor attention_mask(const Batch& batch, torch::Dtype type) {
  const auto grid = [&](const std::vector<std::int32_t>& values) {
    return as_tensor(values).view({batch.rows, batch.length});
  };
  const torch::Tensor sample = grid(batch.samples), branch = grid(batch.branches);
  const torch::Tensor same_sample = sample.unsqueeze(2) == sample.unsqueeze(1);
  const torch::Tensor seen_branch = (branch.unsqueeze(1) == 0) | (branch.unsqueeze(2) == branch.unsqueeze(1));
  const torch::Tensor before = torch::ones({batch.length, batch.length}, torch::kBool).tril();
  const torch::Tensor seen = same_sample & seen_branch & before;
  return torch::zeros(seen.sizes(), torch::kFloat32).masked_fill(seen.logical_not(), -1e9).to(type).unsqueeze(1);
}

// cos + i sin of every cell's position and pair: [cells, 1, head_width / 2], complex.
torch::Tensor rotation(const Batch& batch, const LlamaShape& shape) {
  const auto pair = torch::arange(0, shape.head_width, 2, torch::kFloat64);
  const auto frequency =
      torch::pow(static_cast<double>(shape.rope_base), -pair / static_cast<double>(shape.head_width));
  const auto angle = as_tensor(batch.positions).to(torch::kFloat64).unsqueeze(1) * frequency;
  return torch::polar(torch::ones_like(angle), angle).to(torch::kComplexFloat).unsqueeze(1);
}

torch::Tensor rotate(const torch::Tensor& x, const torch::Tensor& turn, std::int64_t heads) {
  const auto pairs = x.to(torch::kFloat32).view({x.size(0), heads, -1, 2});
  return torch::view_as_real(torch::view_as_complex(pairs) * turn).flatten(2);
}

}  // namespace

Llama::Llama(const LlamaShape& shape, torch::Dtype compute) : shape_(shape), compute_(compute) {
  const double deviation = 0.02;
  const double residual = deviation / std::sqrt(2.0 * static_cast<double>(shape.layers));
  const std::int64_t d = shape.width, q = shape.heads * shape.head_width, kv = shape.kv_heads * shape.head_width;
  embedding_ = add("token_embd.weight", {shape.vocabulary, d}, deviation);
  for (std::int64_t i = 0; i < shape.layers; ++i) {
    const std::string name = "blk." + std::to_string(i) + ".";
    Block block;
    block.attention_norm = add(name + "attn_norm.weight", {d}, 0);
    block.q = add(name + "attn_q.weight", {q, d}, deviation);
    block.k = add(name + "attn_k.weight", {kv, d}, deviation);
    block.v = add(name + "attn_v.weight", {kv, d}, deviation);
    block.o = add(name + "attn_output.weight", {d, q}, residual);
    block.feed_norm = add(name + "ffn_norm.weight", {d}, 0);
    block.gate = add(name + "ffn_gate.weight", {shape.feed_forward, d}, deviation);
    block.up = add(name + "ffn_up.weight", {shape.feed_forward, d}, deviation);
    block.down = add(name + "ffn_down.weight", {d, shape.feed_forward}, residual);
    blocks_.push_back(block);
  }
  output_norm_ = add("output_norm.weight", {d}, 0);
  output_ = shape.tied ? embedding_ : add("output.weight", {shape.vocabulary, d}, deviation);
}

torch::Tensor Llama::add(const std::string& name, std::vector<std::int64_t> dims, double deviation) {
  auto weight = deviation > 0 ? torch::randn(dims) * deviation : torch::ones(dims);
  weight.set_requires_grad(true);
  weights_.emplace_back(name, weight);
  return weight;
}

void Llama::begin_with_similarity() {
  torch::NoGradGuard no_gradients;
  // Sizes for states of norm sqrt(width): q·k / sqrt(head) is about 6 at best, and what a head passes on is about as
  // long as an embedding.
  constexpr double kKey = 0.055, kNoise = 0.005, kLocal = 1.0, kValue = 0.6;
  const std::int64_t head = shape_.head_width, group = shape_.heads / shape_.kv_heads;
  // One direction that all tokens share; a head that looks only at it knows nothing but distances.
  const auto shared = torch::randn({shape_.width});
  shared.div_(shared.norm());
  embedding_.add_(shared * kSharedPart);
  auto by_distance = torch::zeros({head});
  for (std::int64_t pair = head / 20; pair < head * 3 / 16; pair += 2) by_distance[2 * pair] = 1;
  by_distance.div_(by_distance.norm());

  for (std::size_t layer = 0; layer < blocks_.size(); ++layer) {
    Block& block = blocks_[layer];
    const auto values = std::get<0>(torch::linalg_qr(torch::randn({shape_.width, shape_.width})));
    // The first layer's heads together pass on every dimension; later layers keep some heads free to learn.
    const std::int64_t made = layer == 0 ? shape_.kv_heads : std::min<std::int64_t>(2, shape_.kv_heads);
    for (std::int64_t kv = 0; kv < std::min(made, shape_.width / head); ++kv) {
      const bool local = layer == 0 || (layer == 1 && kv == 0);
      const auto key = local ? torch::outer(by_distance, shared) * kLocal : torch::randn({head, shape_.width}) * kKey;
      const auto value = values.slice(0, kv * head, (kv + 1) * head) * kValue;
      block.k.slice(0, kv * head, (kv + 1) * head).copy_(key + torch::randn_like(key) * kNoise);
      block.v.slice(0, kv * head, (kv + 1) * head).copy_(value);
      for (std::int64_t h = kv * group; h < (kv + 1) * group; ++h) {
        block.q.slice(0, h * head, (h + 1) * head).copy_(key + torch::randn_like(key) * kNoise);
        block.o.slice(1, h * head, (h + 1) * head)
            .copy_(value.t() * (local ? 0.2 : 0.1) + torch::randn({shape_.width, head}) * kNoise * 0.4);
      }
    }
  }
}

void Llama::begin_output_as_embedding() {
  torch::NoGradGuard no_gradients;
  if (!shape_.tied) output_.copy_(embedding_);
}

std::vector<torch::Tensor> Llama::parameters() const {
  std::vector<torch::Tensor> tensors;
  for (const auto& [name, tensor] : weights_) tensors.push_back(tensor);
  return tensors;
}

torch::Tensor Llama::linear(const torch::Tensor& x, const torch::Tensor& w) const {
  return torch::linear(x.to(compute_), w.to(compute_));
}

torch::Tensor Llama::attention(const Block& block, const torch::Tensor& x, const torch::Tensor& turn,
                               const torch::Tensor& mask, std::int64_t rows) const {
  const std::int64_t length = x.size(0) / rows, width = shape_.head_width;
  const auto split = [&](const torch::Tensor& t, std::int64_t heads) {
    return t.to(compute_).view({rows, length, heads, width}).transpose(1, 2);
  };
  const double scale = 1.0 / std::sqrt(static_cast<double>(width));
  auto q = split(rotate(linear(x, block.q), turn, shape_.heads) * scale, shape_.heads);
  auto k = split(rotate(linear(x, block.k), turn, shape_.kv_heads), shape_.kv_heads);
  auto v = split(linear(x, block.v), shape_.kv_heads);
  if (const auto group = shape_.heads / shape_.kv_heads; group > 1) {
    k = k.repeat_interleave(group, 1);
    v = v.repeat_interleave(group, 1);
  }
  const auto scores = torch::matmul(q, k.transpose(2, 3)) + mask;
  const auto mixed = torch::matmul(torch::softmax(scores, -1), v);
  return linear(mixed.transpose(1, 2).reshape({rows * length, shape_.heads * width}), block.o);
}

torch::Tensor Llama::states(const Batch& batch) const {
  const auto mask = attention_mask(batch, compute_);
  const auto turn = rotation(batch, shape_);
  auto x = torch::embedding(embedding_, as_tensor(batch.tokens));
  for (const Block& block : blocks_) {
    x = x + attention(block, rms_norm(x, block.attention_norm, shape_.norm_epsilon, compute_), turn, mask, batch.rows);
    const auto h = rms_norm(x, block.feed_norm, shape_.norm_epsilon, compute_);
    x = x + linear(gated(linear(h, block.gate), linear(h, block.up)), block.down);
  }
  return rms_norm(x, output_norm_, shape_.norm_epsilon, compute_);
}

torch::Tensor Llama::logits(const torch::Tensor& states, const torch::Tensor& cells) const {
  return linear(states.index_select(0, cells), output_).to(torch::kFloat32);
}

torch::Tensor Llama::losses(const Batch& batch) const {
  const auto all = logits(states(batch), as_tensor(batch.from));
  return torch::nn::functional::cross_entropy(all, as_tensor(batch.target),
                                              torch::nn::functional::CrossEntropyFuncOptions().reduction(torch::kNone));
}

torch::Tensor Llama::choice_losses(const Batch& batch, TokenId end, double full) const {
  namespace F = torch::nn::functional;
  const auto options = F::CrossEntropyFuncOptions().reduction(torch::kNone);
  const auto all = logits(states(batch), as_tensor(batch.from));
  const auto target = as_tensor(batch.target);

  // One row of allowed tokens per sample, then each target takes its sample's.
  const std::int32_t samples = 1 + *std::max_element(batch.samples.begin(), batch.samples.end());
  auto allowed = torch::zeros({samples, shape_.vocabulary}, torch::kBool);
  bool* cell = allowed.data_ptr<bool>();
  for (std::size_t i = 0; i < batch.samples.size(); ++i) {
    if (batch.samples[i] >= 0 && batch.branches[i] == 0)
      cell[batch.samples[i] * shape_.vocabulary + batch.tokens[i]] = true;
  }
  std::vector<std::int64_t> owner;
  for (std::size_t i = 0; i < batch.from.size(); ++i) {
    const std::int32_t sample = batch.samples[static_cast<std::size_t>(batch.from[i])];
    cell[sample * shape_.vocabulary + end] = true;
    cell[sample * shape_.vocabulary + batch.target[i]] = true;
    owner.push_back(sample);
  }
  const auto open = allowed.index_select(0, as_tensor(owner));
  const auto choice = F::cross_entropy(all.masked_fill(open.logical_not(), -1e9), target, options);
  return full > 0 ? choice + full * F::cross_entropy(all, target, options) : choice;
}

}  // namespace zubr::train
