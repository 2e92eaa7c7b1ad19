// How the weights of a model made from nothing begin.
#include <algorithm>

#include "train/torch/llama.h"

namespace zubr::train {
namespace {

constexpr double kSharedPart = 0.2;

}  // namespace

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
      block.k.weight.slice(0, kv * head, (kv + 1) * head).copy_(key + torch::randn_like(key) * kNoise);
      block.v.weight.slice(0, kv * head, (kv + 1) * head).copy_(value);
      for (std::int64_t h = kv * group; h < (kv + 1) * group; ++h) {
        block.q.weight.slice(0, h * head, (h + 1) * head).copy_(key + torch::randn_like(key) * kNoise);
        block.o.weight.slice(1, h * head, (h + 1) * head)
            .copy_(value.t() * (local ? 0.2 : 0.1) + torch::randn({shape_.width, head}) * kNoise * 0.4);
      }
    }
  }
}

void Llama::begin_output_as_embedding() {
  torch::NoGradGuard no_gradients;
  if (!shape_.tied) output_.copy_(embedding_);
}

}  // namespace zubr::train
