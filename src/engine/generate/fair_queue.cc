#include "engine/generate/fair_queue.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace zubr::engine {
namespace {

constexpr std::size_t kMostIdleClients = 1024;  // whose count is remembered while they ask for nothing

}  // namespace

std::optional<QueueRefusal> FairQueue::push(PlannedRequest request) {
  if (size_ >= most_) return QueueRefusal::kFull;
  const auto known = clients_.find(request.client);
  if (!request.client.empty() && known != clients_.end() && known->second.waiting.size() >= most_of_a_client_)
    return QueueRefusal::kClientFull;
  Client& client = clients_[request.client];
  if (!client.busy()) {
    double least = std::numeric_limits<double>::max();
    for (const auto& [name, other] : clients_) {
      if (other.busy()) least = std::min(least, other.served);
    }
    if (least != std::numeric_limits<double>::max()) client.served = std::max(client.served, least);
  }
  client.waiting.push_back(std::move(request));
  ++size_;
  return std::nullopt;
}

FairQueue::Clients::const_iterator FairQueue::turn() const {
  auto best = clients_.end();
  const auto rank = [](const Client& client) {
    return std::tuple(client.served, client.running, client.waiting.front().id);
  };
  for (auto at = clients_.begin(); at != clients_.end(); ++at) {
    if (at->second.waiting.empty()) continue;
    if (best == clients_.end() || rank(at->second) < rank(best->second)) best = at;
  }
  return best;
}

const PlannedRequest* FairQueue::front() const {
  const auto at = turn();
  return at == clients_.end() ? nullptr : &at->second.waiting.front();
}

PlannedRequest FairQueue::pop() {
  Client& client = clients_.find(turn()->first)->second;
  PlannedRequest request = std::move(client.waiting.front());
  client.waiting.pop_front();
  ++client.running;
  --size_;
  return request;
}

bool FairQueue::erase(RequestId id) {
  for (auto& [name, client] : clients_) {
    const auto gone = std::erase_if(client.waiting, [id](const PlannedRequest& request) { return request.id == id; });
    if (gone == 0) continue;
    size_ -= gone;
    forget_idle();
    return true;
  }
  return false;
}

std::vector<RequestId> FairQueue::expired(TimePoint now) {
  std::vector<RequestId> late;
  for (auto& [name, client] : clients_) {
    std::erase_if(client.waiting, [&](const PlannedRequest& request) {
      if (request.deadline > now) return false;
      late.push_back(request.id);
      return true;
    });
  }
  size_ -= late.size();
  if (!late.empty()) forget_idle();
  return late;
}

void FairQueue::charge(const std::string& client, double tokens) {
  if (const auto at = clients_.find(client); at != clients_.end()) at->second.served += tokens;
}

void FairQueue::ended(const std::string& client) {
  if (const auto at = clients_.find(client); at != clients_.end()) --at->second.running;
  forget_idle();
}

double FairQueue::served(const std::string& client) const {
  const auto at = clients_.find(client);
  return at == clients_.end() ? 0 : at->second.served;
}

void FairQueue::forget_idle() {
  const bool any_busy = std::ranges::any_of(clients_, [](const auto& entry) { return entry.second.busy(); });
  if (any_busy && clients_.size() <= kMostIdleClients) return;
  std::erase_if(clients_, [](const auto& entry) { return !entry.second.busy(); });
}

}  // namespace zubr::engine
