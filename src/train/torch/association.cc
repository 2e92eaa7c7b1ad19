#include "train/torch/association.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <string>
#include <vector>

namespace zubr::train {
namespace {

constexpr std::int64_t kOversampling = 32;
constexpr int kPowerIterations = 3;

// Sparse, by rows.
struct Sparse {
  std::int64_t rows = 0, columns = 0;
  std::vector<std::int64_t> start;
  std::vector<std::int32_t> column;
  std::vector<float> value;

  // this * dense
  torch::Tensor times(const torch::Tensor& dense) const {
    const std::int64_t width = dense.size(1);
    auto out = torch::zeros({rows, width});
    const float* in = dense.data_ptr<float>();
    float* to = out.data_ptr<float>();
    at::parallel_for(0, rows, 256, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        for (std::int64_t i = start[static_cast<std::size_t>(r)]; i < start[static_cast<std::size_t>(r) + 1]; ++i) {
          const float factor = value[static_cast<std::size_t>(i)];
          const float* from = in + column[static_cast<std::size_t>(i)] * width;
          for (std::int64_t j = 0; j < width; ++j) to[r * width + j] += factor * from[j];
        }
      }
    });
    return out;
  }

  Sparse transposed() const {
    Sparse other{columns, rows, std::vector<std::int64_t>(static_cast<std::size_t>(columns) + 1), {}, {}};
    for (const auto c : column) ++other.start[static_cast<std::size_t>(c) + 1];
    for (std::size_t c = 0; c < static_cast<std::size_t>(columns); ++c) other.start[c + 1] += other.start[c];
    other.column.resize(column.size());
    other.value.resize(value.size());
    auto next = other.start;
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t i = start[static_cast<std::size_t>(r)]; i < start[static_cast<std::size_t>(r) + 1]; ++i) {
        const auto at = static_cast<std::size_t>(next[static_cast<std::size_t>(column[static_cast<std::size_t>(i)])]++);
        other.column[at] = static_cast<std::int32_t>(r);
        other.value[at] = value[static_cast<std::size_t>(i)];
      }
    }
    return other;
  }
};

using Counts = std::vector<std::map<std::int32_t, double>>;  // per token: group → count

// Replaces counts by positive mutual information, times the group's weight.
Sparse mutual_information(const Counts& counts, const std::vector<double>& weights) {
  double total = 0;
  std::vector<double> of_group(weights.size());
  for (const auto& row : counts) {
    for (const auto& [group, count] : row) of_group[static_cast<std::size_t>(group)] += count, total += count;
  }
  Sparse matrix{static_cast<std::int64_t>(counts.size()), static_cast<std::int64_t>(weights.size()), {0}, {}, {}};
  for (const auto& row : counts) {
    double of_token = 0;
    for (const auto& [group, count] : row) of_token += count;
    for (const auto& [group, count] : row) {
      // A constant is added to the token's count, so that rare tokens are not overrated.
      const double information = std::log(count * total / ((of_token + 2) * of_group[static_cast<std::size_t>(group)]));
      if (information <= 0) continue;
      matrix.column.push_back(group);
      matrix.value.push_back(static_cast<float>(information * weights[static_cast<std::size_t>(group)]));
    }
    matrix.start.push_back(static_cast<std::int64_t>(matrix.column.size()));
  }
  return matrix;
}

torch::Tensor orthonormal(const torch::Tensor& matrix) { return std::get<0>(torch::linalg_qr(matrix)).contiguous(); }

}  // namespace

Result<void> associate(const std::filesystem::path& file, const Vocabulary& vocabulary, Encoder& encoder,
                       const AssociationOptions& options, std::uint64_t seed, torch::Tensor embedding) {
  torch::NoGradGuard no_gradients;
  std::ifstream in(file);
  if (!in) return fail(ErrorCode::kNotFound, "cannot open '{}'", file.string());
  std::mt19937_64 random(seed);
  Counts counts(vocabulary.pieces.size());
  std::vector<double> weights;
  for (std::string line; std::getline(in, line);) {
    const auto tab = line.find('\t');
    const double weight = std::atof(line.c_str());
    if (tab == std::string::npos || !(weight > 0))
      return fail(ErrorCode::kCorrupt, "'{}': '{}' is not 'weight<TAB>text…'", file.string(), line.substr(0, 60));
    const auto group = static_cast<std::int32_t>(weights.size());
    weights.push_back(weight);
    for (std::size_t at = tab; at < line.size();) {
      const std::size_t end = std::min(line.find('\t', at + 1), line.size());
      const std::string text = " " + line.substr(at + 1, end - at - 1);
      for (int i = 0; i < 3; ++i) {
        for (const TokenId token : encoder.encode(text, i == 0 ? 0 : options.dropout, &random))
          counts[static_cast<std::size_t>(token)][group] += i == 0 ? 1.0 : 0.35;
      }
      at = end;
    }
  }
  if (weights.empty()) return fail(ErrorCode::kCorrupt, "'{}' has no groups", file.string());

  const Sparse matrix = mutual_information(counts, weights);
  const Sparse transposed = matrix.transposed();
  const std::int64_t width = embedding.size(1);
  const std::int64_t rank = std::min({width + kOversampling, matrix.rows, matrix.columns});
  auto basis = orthonormal(matrix.times(torch::randn({matrix.columns, rank})));
  for (int i = 0; i < kPowerIterations; ++i) basis = orthonormal(matrix.times(transposed.times(basis)));
  // M ≈ Q (Qᵀ M); the left singular vectors of the small factor come from its Gram matrix.
  const auto factor = transposed.times(basis);  // [groups, rank]
  const auto [values, vectors] = torch::linalg_eigh(torch::mm(factor.t(), factor));
  const std::int64_t kept = std::min(width, rank);
  const auto best = vectors.slice(1, rank - kept);
  const auto strength = values.slice(0, rank - kept).clamp_min(1e-6).pow(0.2);  // singular values to the power of 0.4
  auto rows = torch::mm(basis, best) * strength;
  const auto norm = rows.norm(2, 1, true);
  rows = rows / norm.clamp_min(1e-9) * options.row_norm;
  if (kept < width) rows = torch::constant_pad_nd(rows, {0, width - kept});
  // The reduced dimensions are turned at random, so that every head begins with a share of all of them.
  rows =
      torch::mm(rows, orthonormal(torch::randn({width, width}))) + torch::randn({matrix.rows, width}) * options.noise;
  embedding.copy_(torch::where(norm > 1e-9, rows, embedding));
  return {};
}

}  // namespace zubr::train
