// FairQueue: generations that wait for their turn, and whose turn it is.
//
// Every client is served as much as every other one: the next request is the first of the client that got the least so
// far, counted in tokens that went through the model for it (a "virtual token counter": Sheng et al., "Fairness in
// Serving Large Language Models", 2024). A client that comes back from a pause begins at what the least served of the
// busy ones has, so that a pause is not saved up. Within a client: first come, first served.
//
// A request whose deadline passes while it waits leaves with expired().
//
// Pure: time comes in as a number. Threads: one at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "engine/prefix/prefix_tree.h"
#include "engine/token.h"

namespace zubr::engine {

using RequestId = std::uint64_t;
using TimePoint = core::Clock::TimePoint;
inline constexpr TimePoint kNoDeadline = TimePoint::max();

struct PlannedRequest {
  RequestId id = 0;
  Tokens prompt = {};
  int max_new = -1;                  // the most tokens to sample; -1 = as many as fit
  int context_tokens = 0;            // of prompt and answer together; 0 = as many as the planner allows
  std::string client = {};           // who asks; empty: nobody in particular, who may fill the queue
  TimePoint deadline = kNoDeadline;  // of the whole answer
  Flavour flavour = 0;               // requests of different flavours never share a step or a beginning
};

enum class QueueRefusal {
  kFull,        // too many wait
  kClientFull,  // too many of this client wait
};

class FairQueue {
 public:
  FairQueue(std::size_t most, std::size_t most_of_a_client) : most_(most), most_of_a_client_(most_of_a_client) {}

  std::optional<QueueRefusal> push(PlannedRequest request);
  const PlannedRequest* front() const;            // null when nothing waits
  PlannedRequest pop();                           // what front() shows; its client has one more that runs
  bool erase(RequestId id);                       // false: it does not wait
  std::vector<RequestId> expired(TimePoint now);  // and forgets them

  // So many tokens went through the model for the client; less than 0: were charged and not needed.
  void charge(const std::string& client, double tokens);
  // One of its requests that was popped is over.
  void ended(const std::string& client);

  std::size_t size() const { return size_; }
  double served(const std::string& client) const;

 private:
  struct Client {
    std::deque<PlannedRequest> waiting;
    double served = 0;
    int running = 0;
    bool busy() const { return running > 0 || !waiting.empty(); }
  };
  using Clients = std::map<std::string, Client>;

  Clients::const_iterator turn() const;
  void forget_idle();

  std::size_t most_, most_of_a_client_;
  Clients clients_;
  std::size_t size_ = 0;
};

}  // namespace zubr::engine
