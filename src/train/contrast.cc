#include "train/contrast.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

namespace zubr::train {
namespace {

constexpr std::int64_t kReportEvery = 10000;

class Matrix {
 public:
  Matrix(std::span<float> values, std::int64_t width)
      : values_(values), width_(static_cast<std::size_t>(width)), squares_(values.size() / width_, 0.0F) {
    for (std::size_t row = 0; row < squares_.size(); ++row) normalise(row);
  }
  std::size_t width() const { return width_; }
  std::size_t rows() const { return squares_.size(); }
  std::span<float> row(std::size_t index) { return values_.subspan(index * width_, width_); }

  // One Adagrad step along -gradient, back onto the unit sphere.
  void step(std::size_t index, std::span<const float> gradient, float rate) {
    float square = 0;
    for (const float g : gradient) square += g * g;
    squares_[index] += square;
    const float factor = rate / std::sqrt(squares_[index] + 1e-8F);
    const auto to = row(index);
    for (std::size_t i = 0; i < width_; ++i) to[i] -= factor * gradient[i];
    normalise(index);
  }

 private:
  void normalise(std::size_t index) {
    float square = 0;
    for (const float x : row(index)) square += x * x;
    const float factor = 1.0F / std::sqrt(square + 1e-12F);
    for (float& x : row(index)) x *= factor;
  }

  std::span<float> values_;
  std::size_t width_;
  std::vector<float> squares_;  // sum of squared gradients, per row
};

struct Bag {
  std::vector<TokenId> tokens;
  std::vector<float> mean, gradient;
};

Bag bag_of(Matrix& matrix, std::vector<TokenId> tokens) {
  Bag bag{std::move(tokens), std::vector<float>(matrix.width(), 0.0F), std::vector<float>(matrix.width(), 0.0F)};
  for (const TokenId token : bag.tokens) {
    const auto row = matrix.row(static_cast<std::size_t>(token));
    for (std::size_t i = 0; i < row.size(); ++i) bag.mean[i] += row[i] / static_cast<float>(bag.tokens.size());
  }
  return bag;
}

float dot(std::span<const float> a, std::span<const float> b) {
  float sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// A sample's texts and labels: what stands before and after the assistant's token of each branch.
struct Pairs {
  std::vector<std::pair<std::vector<TokenId>, std::size_t>> texts;  // with the label's index
  std::vector<std::vector<TokenId>> labels;
};

Pairs pairs_of(const Sample& sample, TokenId assistant) {
  Pairs pairs;
  std::map<std::vector<TokenId>, std::size_t> index;
  for (const Run& branch : sample.branches) {
    const auto at = std::ranges::find(branch.tokens, assistant);
    if (at == branch.tokens.begin() || branch.tokens.end() - at < 3) continue;
    const std::vector<TokenId> label(at + 1, branch.tokens.end() - 1);  // without the end token
    const auto [known, added] = index.emplace(label, pairs.labels.size());
    if (added) pairs.labels.push_back(label);
    pairs.texts.emplace_back(std::vector<TokenId>(branch.tokens.begin(), at), known->second);
  }
  return pairs;
}

struct Tally {
  double loss = 0;
  std::int64_t right = 0, texts = 0;
};

// Adds the gradients of one text's cross-entropy to its bag and the labels'.
void score(Bag& text, std::size_t gold, std::vector<Bag>& labels, float sharpness, Tally& tally) {
  std::vector<float> scores;
  for (const Bag& label : labels) scores.push_back(sharpness * dot(text.mean, label.mean));
  const auto best = static_cast<std::size_t>(std::ranges::max_element(scores) - scores.begin());
  const float top = scores[best];
  float sum = 0;
  for (float& s : scores) sum += s = std::exp(s - top);
  for (float& s : scores) s /= sum;
  tally.loss -= std::log(std::max(scores[gold], 1e-9F));
  tally.right += best == gold ? 1 : 0;
  ++tally.texts;
  for (std::size_t j = 0; j < labels.size(); ++j) {
    const float slope = sharpness * (scores[j] - (j == gold ? 1.0F : 0.0F));
    for (std::size_t i = 0; i < text.mean.size(); ++i) {
      text.gradient[i] += slope * labels[j].mean[i];
      labels[j].gradient[i] += slope * text.mean[i];
    }
  }
}

void apply(Matrix& matrix, Bag& bag, float rate) {
  for (float& g : bag.gradient) g /= static_cast<float>(bag.tokens.size());
  for (const TokenId token : bag.tokens) matrix.step(static_cast<std::size_t>(token), bag.gradient, rate);
}

}  // namespace

Result<void> contrast(Corpus& corpus, TokenId assistant, const ContrastOptions& options, std::int64_t width,
                      std::span<float> embedding, const std::function<void(const ContrastProgress&)>& report) {
  Matrix matrix(embedding, width);
  std::mt19937_64 random(options.seed);
  std::bernoulli_distribution left_out(options.word_dropout);
  Tally tally;
  for (std::int64_t done = 0; done < options.samples;) {
    ZUBR_TRY(sample, corpus.next());
    ++done;
    Pairs pairs = pairs_of(sample, assistant);
    if (pairs.labels.size() >= 2) {
      const double left = 1 - static_cast<double>(done) / static_cast<double>(options.samples);
      const auto rate = static_cast<float>(options.rate * (0.05 + 0.95 * left));
      std::vector<Bag> labels;
      for (auto& label : pairs.labels) labels.push_back(bag_of(matrix, std::move(label)));
      for (auto& [tokens, gold] : pairs.texts) {
        std::vector<TokenId> kept;
        for (const TokenId token : tokens)
          if (!left_out(random)) kept.push_back(token);
        Bag text = bag_of(matrix, kept.empty() ? std::move(tokens) : std::move(kept));
        score(text, gold, labels, static_cast<float>(options.sharpness), tally);
        apply(matrix, text, rate);
      }
      for (Bag& label : labels) apply(matrix, label, rate);
    }
    if (report && done % kReportEvery == 0 && tally.texts > 0) {
      const auto texts = static_cast<double>(tally.texts);
      report({done, tally.loss / texts, static_cast<double>(tally.right) / texts});
      tally = {};
    }
  }
  return {};
}

}  // namespace zubr::train
