#include "train/torch/llama.h"

#include <algorithm>
#include <cmath>

#include "train/torch/chunked_loss.h"
#include "train/torch/fused.h"
#include "train/torch/recompute.h"

namespace zubr::train {

Llama::Llama(const LlamaShape& shape, torch::Dtype compute, torch::Dtype storage, bool random)
    : shape_(shape), compute_(compute), storage_(storage), random_(random) {
  const double deviation = 0.02;
  const double residual = deviation / std::sqrt(2.0 * static_cast<double>(shape.layers));
  const std::int64_t d = shape.width, q = shape.heads * shape.head_width, kv = shape.kv_heads * shape.head_width;
  embedding_ = add("token_embd.weight", {shape.vocabulary, d}, deviation);
  for (std::int64_t i = 0; i < shape.layers; ++i) {
    const std::string name = "blk." + std::to_string(i) + ".";
    Block block;
    block.attention_norm = add(name + "attn_norm.weight", {d}, 0);
    block.q.weight = add(name + "attn_q.weight", {q, d}, deviation);
    block.k.weight = add(name + "attn_k.weight", {kv, d}, deviation);
    block.v.weight = add(name + "attn_v.weight", {kv, d}, deviation);
    block.o.weight = add(name + "attn_output.weight", {d, q}, residual);
    if (shape.qkv_bias) {
      block.q.bias = add(name + "attn_q.bias", {q}, 0);
      block.k.bias = add(name + "attn_k.bias", {kv}, 0);
      block.v.bias = add(name + "attn_v.bias", {kv}, 0);
    }
    if (shape.output_bias) block.o.bias = add(name + "attn_output.bias", {d}, 0);
    if (shape.qk_norm) {
      block.q_norm = add(name + "attn_q_norm.weight", {shape.head_width}, 0);
      block.k_norm = add(name + "attn_k_norm.weight", {shape.head_width}, 0);
    }
    if (shape.gemma) {
      block.attention_post_norm = add(name + "post_attention_norm.weight", {d}, 0);
      block.feed_post_norm = add(name + "post_ffw_norm.weight", {d}, 0);
    }
    block.feed_norm = add(name + "ffn_norm.weight", {d}, 0);
    add_feed_forward(name, deviation, residual, block);
    blocks_.push_back(block);
  }
  output_norm_ = add("output_norm.weight", {d}, 0);
  output_ = shape.tied ? embedding_ : add("output.weight", {shape.vocabulary, d}, deviation);
}

void Llama::add_feed_forward(const std::string& name, double deviation, double residual, Block& block) {
  const std::int64_t d = shape_.width, f = shape_.feed_forward, e = shape_.experts;
  if (e > 0) {
    block.experts.router = add(name + "ffn_gate_inp.weight", {e, d}, deviation);
    block.experts.gate = add(name + "ffn_gate_exps.weight", {e, f, d}, deviation);
    block.experts.up = add(name + "ffn_up_exps.weight", {e, f, d}, deviation);
    block.experts.down = add(name + "ffn_down_exps.weight", {e, d, f}, residual);
    return;
  }
  block.gate.weight = add(name + "ffn_gate.weight", {f, d}, deviation);
  block.up.weight = add(name + "ffn_up.weight", {f, d}, deviation);
  block.down.weight = add(name + "ffn_down.weight", {d, f}, residual);
}

torch::Tensor Llama::add(const std::string& name, std::vector<std::int64_t> dims, double deviation) {
  torch::Tensor weight;
  if (!random_) {
    weight = torch::empty(dims, dims.size() > 1 ? storage_ : torch::kFloat32);
  } else {
    weight = deviation > 0             ? torch::randn(dims) * deviation
             : name.ends_with(".bias") ? torch::zeros(dims)
                                       : torch::ones(dims);
    weight.set_requires_grad(true);
  }
  weights_.emplace_back(name, weight);
  return weight;
}

std::vector<torch::Tensor> Llama::parameters() const {
  std::vector<torch::Tensor> tensors;
  for (const auto& [name, tensor] : weights_) tensors.push_back(tensor);
  return tensors;
}

std::vector<std::pair<std::string, Projection*>> Llama::projections() {
  std::vector<std::pair<std::string, Projection*>> all;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    Block& block = blocks_[i];
    const std::string name = "blk." + std::to_string(i) + ".";
    for (const auto& [part, projection] : {std::pair{"attn_q", &block.q},
                                           {"attn_k", &block.k},
                                           {"attn_v", &block.v},
                                           {"attn_output", &block.o},
                                           {"ffn_gate", &block.gate},
                                           {"ffn_up", &block.up},
                                           {"ffn_down", &block.down}})
      if (projection->weight.defined()) all.emplace_back(name + part + ".weight", projection);
  }
  return all;
}

torch::Tensor Llama::norm(const torch::Tensor& x, const torch::Tensor& weight, torch::Dtype out) const {
  return rms_norm(x, weight, shape_.norm_epsilon, out);
}

torch::Tensor Llama::attention(const Block& block, const torch::Tensor& x, const Sight& sight,
                               std::int64_t rows) const {
  const std::int64_t length = x.size(0) / rows, width = shape_.head_width;
  const auto split = [&](const torch::Tensor& t, std::int64_t heads) {
    return t.to(compute_).view({rows, length, heads, width}).transpose(1, 2);
  };
  const auto turned = [&](const Projection& p, const torch::Tensor& head_norm, std::int64_t heads) {
    auto t = run(x, p);
    if (head_norm.defined())
      t = norm(t.to(torch::kFloat32).reshape({-1, width}), head_norm, torch::kFloat32).view({x.size(0), -1});
    return sight.rotation.turn(t, heads);
  };
  const double scale =
      shape_.attention_scale > 0 ? shape_.attention_scale : 1.0 / std::sqrt(static_cast<double>(width));
  auto q = split(turned(block.q, block.q_norm, shape_.heads) * scale, shape_.heads);
  auto k = split(turned(block.k, block.k_norm, shape_.kv_heads), shape_.kv_heads);
  auto v = split(run(x, block.v), shape_.kv_heads);
  if (const auto group = shape_.heads / shape_.kv_heads; group > 1) {
    k = k.repeat_interleave(group, 1);
    v = v.repeat_interleave(group, 1);
  }
  auto scores = torch::matmul(q, k.transpose(2, 3));
  if (shape_.attention_cap > 0) scores = torch::tanh(scores / shape_.attention_cap) * shape_.attention_cap;
  const auto mixed = torch::matmul(torch::softmax(scores + sight.mask, -1), v);
  return run(mixed.transpose(1, 2).reshape({rows * length, shape_.heads * width}), block.o);
}

torch::Tensor Llama::feed_forward(const Block& block, const torch::Tensor& x) const {
  if (shape_.experts > 0) return mixture(block.experts, x);
  const auto gate = run(x, block.gate), up = run(x, block.up);
  return run(shape_.gemma ? torch::gelu(gate, "tanh") * up : gated(gate, up), block.down);
}

torch::Tensor Llama::mixture(const Experts& experts, const torch::Tensor& x) const {
  const auto share = torch::softmax(torch::linear(x.to(torch::kFloat32), experts.router.to(torch::kFloat32)), 1);
  const auto [best, which] = share.topk(shape_.experts_used, 1);
  const auto weight = best / best.sum(1, true);
  auto out = torch::zeros({x.size(0), shape_.width}, torch::kFloat32);
  const auto input = x.to(compute_);
  for (std::int64_t e = 0; e < shape_.experts; ++e) {
    const auto hits = (which == e).nonzero();  // [hits, (row, place)]
    if (hits.size(0) == 0) continue;
    const auto rows = hits.select(1, 0);
    const auto in = input.index_select(0, rows);
    const auto matrix = [&](const torch::Tensor& all) { return all[e].to(compute_); };
    const auto inner = gated(torch::linear(in, matrix(experts.gate)), torch::linear(in, matrix(experts.up)));
    const auto result = torch::linear(inner, matrix(experts.down)).to(torch::kFloat32);
    out = out.index_add(0, rows, result * weight.index({rows, hits.select(1, 1)}).unsqueeze(1));
  }
  return out;
}

torch::Tensor Llama::layer(std::size_t index, const torch::Tensor& in, const Sight& sight, std::int64_t rows) const {
  const Block& block = blocks_[index];
  if (training_) torch::manual_seed(seed_ * 1000003 + index);
  auto mixed = attention(block, norm(in, block.attention_norm, compute_), sight, rows);
  if (shape_.gemma) mixed = norm(mixed.to(torch::kFloat32), block.attention_post_norm, torch::kFloat32);
  const auto x = in + mixed;
  auto fed = feed_forward(block, norm(x, block.feed_norm, compute_));
  if (shape_.gemma) fed = norm(fed.to(torch::kFloat32), block.feed_post_norm, torch::kFloat32);
  return x + fed;
}

torch::Tensor Llama::states(const Batch& batch) const {
  const Sight all{attention_mask(batch, compute_, 0), Rotation(batch, shape_, shape_.rope_base, shape_.rope_scale)};
  const Sight near =
      shape_.window == 0
          ? all
          : Sight{attention_mask(batch, compute_, shape_.window),
                  Rotation(batch, shape_, shape_.rope_base_window, shape_.window_scaled ? shape_.rope_scale : 1)};
  auto x = torch::embedding(embedding_, as_tensor(batch.tokens)).to(torch::kFloat32);
  if (shape_.gemma) x = x * std::sqrt(static_cast<float>(shape_.width));
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Sight& sight = shape_.has_window(static_cast<std::int64_t>(i)) ? near : all;
    const auto once = [this, i, sight, rows = batch.rows](const torch::Tensor& in) {
      return layer(i, in, sight, rows);
    };
    x = recompute_ && training_ ? recompute(x, once) : once(x);
  }
  return norm(x, output_norm_, compute_);
}

torch::Tensor Llama::logits(const torch::Tensor& states, const torch::Tensor& cells) const {
  const auto all = torch::linear(states.index_select(0, cells).to(compute_), output_.to(compute_)).to(torch::kFloat32);
  return shape_.logit_cap > 0 ? torch::tanh(all / shape_.logit_cap) * shape_.logit_cap : all;
}

torch::Tensor Llama::losses(const Batch& batch) const {
  const auto all = logits(states(batch), as_tensor(batch.from));
  return torch::nn::functional::cross_entropy(all, as_tensor(batch.target),
                                              torch::nn::functional::CrossEntropyFuncOptions().reduction(torch::kNone));
}

torch::Tensor Llama::weighted_loss(const Batch& batch) const {
  const auto from = states(batch).index_select(0, as_tensor(batch.from));
  return chunked_loss(from, output_, as_tensor(batch.target), torch::tensor(at::ArrayRef<float>(batch.weight)),
                      shape_.logit_cap, compute_);
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
