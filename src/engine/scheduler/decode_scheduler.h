// Packs rows and label segments into decodes, under the limits of a context.
//
// A pure state machine: rows and wanted segments in, decode plans out; no model, no clock, no threads. Sequence 0 holds
// what all rows share; every row gets a sequence of its own that begins as a copy of it, every segment one that begins
// as a copy of its parent segment's or its row's. A segment's sequence is kept while others may begin with it and room
// is left, else its tokens are fed again.
//
//   scheduler.add_row(0, tokens); …
//   while (!(plan = scheduler.next()).pieces.empty()) {
//     release plan.release; for each piece: copy, feed;  then for each row that learned something:
//     scheduler.want(row, segment) …  or  scheduler.finish_row(row)
//   }
#pragma once

#include <deque>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "engine/labels/label_trie.h"
#include "engine/token.h"

namespace zubr::engine {

struct SchedulerLimits {
  int sequences = 256;     // sequence 0 included
  int batch_tokens = 512;  // of one decode
  int outputs = 256;       // of one decode
  int cells = 2048;        // for everything but what sequence 0 holds
};

// Part of a decode: consecutive tokens of one sequence.
struct Piece {
  int row = 0;
  int segment = 0;  // of the trie; 0 also stands for the row's own tokens
  int sequence = 0;
  int copy_from = -1;  // the sequence to begin as a copy of, before feeding; -1: it continues
  int position = 0;    // of the first token, counted from the end of what sequence 0 holds
  Tokens tokens;
  int outputs = 0;       // the last so many tokens want logits
  int first_output = 0;  // which of the segment's outputs the first of them is (see segment_outputs)
};

struct DecodePlan {
  std::vector<int> release;   // sequences to remove first
  std::vector<Piece> pieces;  // empty = nothing can be done before something finishes
};

class DecodeScheduler {
 public:
  // The trie must outlive the scheduler.
  DecodeScheduler(const LabelTrie& trie, SchedulerLimits limits) : trie_(trie), limits_(limits) {
    for (int sequence = limits.sequences - 1; sequence > 0; --sequence) free_.push_back(sequence);
  }

  // Rows are numbered by the caller. The row's tokens and those of segment 0 are fed; they may be empty only if those
  // of segment 0 are not.
  void add_row(int row, std::span<const Token> tokens);
  // After the row's outputs are known. The segment's parent must have been evaluated.
  void want(int row, int segment);
  // Its waiting segments are forgotten. What it holds is released when other rows need the room.
  void finish_row(int row);

  DecodePlan next();

  // The outputs of a segment: the i-th gives the log-probability of its (i+1)-th token (segment 0: the i-th), the last
  // one those of its children. Segment 0 has one more, at the row's last token.
  static int segment_outputs(const LabelTrie& trie, int segment);

 private:
  using Key = std::pair<int, int>;  // row, segment

  struct Job {
    Key key;
    Tokens tokens;  // what is left to feed
    int position = 0;
    int outputs = 0;    // of the tokens left
    int sequence = -1;  // none yet
  };
  struct Resident {
    int sequence = 0;
    int end = 0;      // position after its last token
    int cells = 0;    // that it may be the only one to hold
    bool fed = true;  // completely
  };

  struct Room {
    int tokens;
    int outputs;
  };

  bool start(Job& job, Piece& piece, bool first_of_plan, const Room& room);
  Piece feed(Job& job, Room& room);
  void drop(std::map<Key, Resident>::iterator resident);
  bool make_room(bool for_row);
  void pack(std::deque<Job>& jobs, DecodePlan& plan, Room& room);
  int longest_path() const;
  int path_length(int segment) const;  // tokens from the row's end to the segment's

  const LabelTrie& trie_;
  SchedulerLimits limits_;
  std::deque<Job> rows_, segments_;
  std::map<Key, Resident> resident_;
  std::vector<int> finished_rows_;
  std::vector<int> free_, released_;
  int cells_used_ = 0;
};

}  // namespace zubr::engine
