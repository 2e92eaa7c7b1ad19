#include "engine/scheduler/decode_scheduler.h"

#include <algorithm>

namespace zubr::engine {

int DecodeScheduler::segment_outputs(const LabelTrie& trie, int segment) {
  return static_cast<int>(trie.segments()[static_cast<std::size_t>(segment)].tokens.size()) + (segment == 0 ? 1 : 0);
}

void DecodeScheduler::add_row(int row, std::span<const Token> tokens) {
  Job job;
  job.key = {row, 0};
  const Tokens& shared_label_part = trie_.segments().front().tokens;
  job.tokens.reserve(tokens.size() + shared_label_part.size());
  job.tokens.assign(tokens.begin(), tokens.end());
  job.tokens.insert(job.tokens.end(), shared_label_part.begin(), shared_label_part.end());
  job.outputs = static_cast<int>(shared_label_part.size()) + (tokens.empty() ? 0 : 1);
  rows_.push_back(std::move(job));
}

void DecodeScheduler::want(int row, int segment) {
  Job job;
  job.key = {row, segment};
  segments_.push_back(std::move(job));
}

void DecodeScheduler::finish_row(int row) {
  std::erase_if(segments_, [&](const Job& job) { return job.key.first == row; });
  finished_rows_.push_back(row);
}

void DecodeScheduler::drop(std::map<Key, Resident>::iterator resident) {
  released_.push_back(resident->second.sequence);
  free_.push_back(resident->second.sequence);
  cells_used_ -= resident->second.cells;
  resident_.erase(resident);
}

// Forgets all segments' sequences, and for a row those of finished rows. False when there was nothing to forget.
bool DecodeScheduler::make_room(bool for_row) {
  bool made = false;
  for (auto at = resident_.begin(); at != resident_.end();) {
    const auto current = at++;
    const auto [row, segment] = current->first;
    const bool finished = std::ranges::find(finished_rows_, row) != finished_rows_.end();
    if (segment == 0 ? !(finished && for_row) : !(current->second.fed || finished)) continue;
    drop(current);
    made = true;
  }
  return made;
}

int DecodeScheduler::longest_path() const {
  return trie_.longest_label() - static_cast<int>(trie_.segments().front().tokens.size());
}

int DecodeScheduler::path_length(int segment) const {
  const auto& at = trie_.segments()[static_cast<std::size_t>(segment)];
  return at.depth + static_cast<int>(at.tokens.size()) - static_cast<int>(trie_.segments().front().tokens.size());
}

// Finds a sequence, what it begins as a copy of, and the tokens to feed. False: no room in this plan.
bool DecodeScheduler::start(Job& job, Piece& piece, bool first_of_plan, const Room& room) {
  const bool is_row = job.key.second == 0;
  if (!is_row) {
    const auto& segments = trie_.segments();
    const Tokens& own = segments[static_cast<std::size_t>(job.key.second)].tokens;
    job.tokens = own;
    job.outputs = static_cast<int>(own.size());
    int ancestor = segments[static_cast<std::size_t>(job.key.second)].parent;
    auto source = resident_.find({job.key.first, ancestor});
    while (source == resident_.end() && ancestor != 0) {
      const auto& above = segments[static_cast<std::size_t>(ancestor)];
      job.tokens.insert(job.tokens.begin(), above.tokens.begin(), above.tokens.end());
      ancestor = above.parent;
      source = resident_.find({job.key.first, ancestor});
    }
    if (source == resident_.end()) {  // a row without tokens of its own: begins as what all share
      piece.copy_from = 0;
      job.position = 0;
    } else {
      piece.copy_from = source->second.sequence;
      job.position = source->second.end;
    }
  } else {
    piece.copy_from = 0;
    job.position = 0;
  }
  const int tokens = static_cast<int>(job.tokens.size());
  // A segment is charged for its whole path: it keeps those cells alive when the one it began as a copy of goes.
  const int cells = is_row ? tokens : path_length(job.key.second);
  if (!first_of_plan && (tokens > room.tokens || job.outputs > room.outputs)) return false;
  // A row leaves room for one continuation, so that rows never lock each other out.
  const int spare_cells = is_row ? longest_path() : 0;
  const std::size_t spare_sequences = is_row && trie_.segments().size() > 1 ? 1 : 0;
  const auto fits = [&] {
    return free_.size() > spare_sequences && cells_used_ + cells + spare_cells <= limits_.cells;
  };
  if (!fits()) {
    // Sequences that pieces of this plan begin as copies of must stay.
    if (!first_of_plan || !make_room(is_row)) return false;
    return start(job, piece, first_of_plan, room);
  }
  job.sequence = free_.back();
  free_.pop_back();
  cells_used_ += cells;
  resident_[job.key] = {job.sequence, job.position + tokens, cells, false};
  return true;
}

Piece DecodeScheduler::feed(Job& job, Room& room) {
  Piece piece;
  piece.row = job.key.first;
  piece.segment = job.key.second;
  piece.sequence = job.sequence;
  piece.position = job.position;
  const int silent = static_cast<int>(job.tokens.size()) - job.outputs;
  const int count = std::min({static_cast<int>(job.tokens.size()), room.tokens, silent + room.outputs});
  piece.outputs = std::max(0, count - silent);
  piece.first_output = segment_outputs(trie_, piece.segment) - job.outputs;
  piece.tokens.assign(job.tokens.begin(), job.tokens.begin() + count);
  job.tokens.erase(job.tokens.begin(), job.tokens.begin() + count);
  job.position += count;
  job.outputs -= piece.outputs;
  room.tokens -= count;
  room.outputs -= piece.outputs;
  return piece;
}

void DecodeScheduler::pack(std::deque<Job>& jobs, DecodePlan& plan, Room& room) {
  while (!jobs.empty() && room.tokens > 0 && room.outputs > 0) {
    Job& job = jobs.front();
    Piece begin;
    if (job.sequence < 0 && !start(job, begin, plan.pieces.empty(), room)) return;
    Piece piece = feed(job, room);
    piece.copy_from = begin.copy_from;
    plan.pieces.push_back(std::move(piece));
    if (!job.tokens.empty()) return;  // longer than a decode: the rest comes in the next one
    resident_[job.key].fed = true;
    jobs.pop_front();
  }
}

DecodePlan DecodeScheduler::next() {
  DecodePlan plan;
  Room room{limits_.batch_tokens, limits_.outputs};
  if (!segments_.empty() && segments_.front().sequence >= 0) pack(segments_, plan, room);
  pack(rows_, plan, room);
  if (rows_.empty() || plan.pieces.empty()) pack(segments_, plan, room);
  plan.release = std::move(released_);
  released_.clear();
  return plan;
}

}  // namespace zubr::engine
