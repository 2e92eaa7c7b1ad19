#include "train/packing.h"

#include <algorithm>
#include <numeric>

namespace zubr::train {

std::int64_t Sample::size() const {
  return std::accumulate(
      branches.begin(), branches.end(), static_cast<std::int64_t>(trunk.tokens.size()),
      [](std::int64_t sum, const Run& run) { return sum + static_cast<std::int64_t>(run.tokens.size()); });
}

void Batch::drop_empty_rows() {
  const auto last = std::find_if(samples.rbegin(), samples.rend(), [](std::int32_t sample) { return sample >= 0; });
  const auto used = static_cast<std::int64_t>(samples.rend() - last);
  rows = std::min(rows, (used + length - 1) / length);
  const auto cells = static_cast<std::size_t>(rows * length);
  tokens.resize(cells);
  positions.resize(cells);
  samples.resize(cells);
  branches.resize(cells);
}

Packer::Packer(std::int64_t rows, std::int64_t length) {
  batch_.rows = rows;
  batch_.length = length;
  take();
}

Batch Packer::take() {
  Batch done = std::move(batch_);
  batch_ = {};
  batch_.rows = done.rows;
  batch_.length = done.length;
  const auto cells = static_cast<std::size_t>(done.rows * done.length);
  batch_.tokens.assign(cells, 0);
  batch_.positions.assign(cells, 0);
  batch_.samples.assign(cells, -1);
  batch_.branches.assign(cells, 0);
  used_.assign(static_cast<std::size_t>(done.rows), 0);
  samples_ = 0;
  return done;
}

std::int64_t Packer::used() const { return std::accumulate(used_.begin(), used_.end(), std::int64_t{0}); }

bool Packer::add(const Sample& sample) {
  const std::int64_t size = sample.size();
  const auto row = std::ranges::find_if(used_, [&](std::int64_t used) { return used + size <= batch_.length; });
  if (row == used_.end() || sample.trunk.tokens.empty()) return false;
  const std::int64_t index = row - used_.begin();
  place(index, sample.trunk, samples_, 0, 0, -1);
  const std::int64_t trunk_end = index * batch_.length + *row - 1;
  std::int32_t branch = 0;
  for (const Run& run : sample.branches)
    place(index, run, samples_, ++branch, static_cast<std::int64_t>(sample.trunk.tokens.size()), trunk_end);
  ++samples_;
  return true;
}

void Packer::place(std::int64_t row, const Run& run, std::int32_t sample, std::int32_t branch, std::int64_t position,
                   std::int64_t before) {
  std::int64_t& used = used_[static_cast<std::size_t>(row)];
  for (std::size_t i = 0; i < run.tokens.size(); ++i, ++used, ++position) {
    const std::int64_t cell = row * batch_.length + used;
    const auto at = static_cast<std::size_t>(cell);
    batch_.tokens[at] = run.tokens[i];
    batch_.positions[at] = position;
    batch_.samples[at] = sample;
    batch_.branches[at] = branch;
    if (before >= 0 && run.weights[i] != 0) {
      batch_.from.push_back(before);
      batch_.target.push_back(run.tokens[i]);
      batch_.weight.push_back(run.weights[i]);
      batch_.owner.push_back(batch_.runs);
    }
    before = cell;
  }
  ++batch_.runs;
}

}  // namespace zubr::train
