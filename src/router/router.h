// Router: asks for an answer at the place that rules and policy choose, and at the next one when that fails.
//
//   RouteRecord record;
//   auto answer = router.generate({.models = {"llama-3.1-8b"}, .rules = {…}}, request, sink, stop, record);
//
// A place is never switched after the first piece of the answer left: what fails then fails for good, and says how much
// had come. Before that, errors go where they lead: a dead key to the next key at once, a full rate to the next key or
// place, a failing server once more with a pause and then to the next place, a wrong request nowhere.
//
// Threads: every method from any thread at once. Ownership: shares its parts with whoever made them.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "core/clock.h"
#include "inference/embedding.h"
#include "inference/generation.h"
#include "providers/upstream.h"
#include "router/decision.h"
#include "router/guard/guard.h"
#include "router/health.h"
#include "router/ledger/ledger.h"

namespace zubr::router {

// Where a model is to be had. Any thread.
class EndpointSource {
 public:
  virtual ~EndpointSource() = default;
  virtual Result<std::vector<Endpoint>> endpoints(const std::string& model) = 0;
};

// Asks an endpoint; `key` counts from 0. Any thread.
class EndpointCaller {
 public:
  virtual ~EndpointCaller() = default;
  virtual providers::UpstreamResult<providers::Answer> generate(const Endpoint& endpoint, int key,
                                                                const inference::GenerateRequest& request,
                                                                const inference::EventSink& sink,
                                                                std::stop_token stop) = 0;
  virtual providers::UpstreamResult<providers::Embedded> embed(const Endpoint& endpoint, int key,
                                                               const inference::EmbedRequest& request,
                                                               std::stop_token stop) = 0;
};

struct Route {
  std::vector<std::string> models = {};  // the first choice, then what may stand in for it
  Rules rules = {};
  Policy policy = Policy::kCheapest;
  Payer payer = {};
  Guard guard = {};  // for what leaves one's own machines
};

struct Attempt {
  std::string endpoint = {};
  int key = 0;
  std::optional<providers::Fault> fault = {};  // none: it went well
  std::string message = {};
  bool after_output = false;
  double first_token_s = 0;
  double seconds = 0;
  std::optional<Consumption> consumption = {};
  std::int64_t reasoning_tokens = 0;
  std::optional<PicoDollars> cost = {};
};

struct RouteRecord {
  std::size_t masked = 0;  // different values that the guard hid
  Decision decision = {};
  std::vector<Attempt> attempts = {};
};

struct RouterOptions {
  int attempts_at_a_place = 2;  // with the same key, where the fault may pass
  int most_attempts = 8;        // in all
  std::chrono::milliseconds base_pause{500};
  std::chrono::milliseconds longest_pause{5'000};
  // Where everybody is resting, the one that is back first is waited for, so long at most.
  std::chrono::milliseconds longest_wait{10'000};
  int budget_max_tokens = 4'096;  // of an answer without a limit, where a budget counts
  HealthOptions health = {};
};

struct RouterParts {
  std::shared_ptr<EndpointSource> source;
  std::shared_ptr<EndpointCaller> caller;
  std::shared_ptr<Ledger> ledger = nullptr;            // null: nothing is written down, no budget counts
  std::shared_ptr<const core::Clock> clock = nullptr;  // null: the system's
  std::function<double()> random = {};                 // in [0, 1); any thread. Empty: a generator of its own
  // Until the time has passed or the stop is asked for. Empty: sleeps.
  std::function<void(std::chrono::nanoseconds, std::stop_token)> pause = {};
  RouterOptions options = {};
};

class Router {
 public:
  explicit Router(RouterParts parts);
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // What would be done now, without doing it. An error only where the places cannot be read; a decision may be empty.
  Result<Decision> explain(const Route& route, const RequestShape& shape);

  // `record` is filled whether it goes well or not.
  Result<inference::Generation> generate(const Route& route, const inference::GenerateRequest& request,
                                         const inference::EventSink& sink, std::stop_token stop, RouteRecord& record);
  Result<std::vector<Result<inference::Embedding>>> embed(const Route& route, const inference::EmbedRequest& request,
                                                          std::stop_token stop, RouteRecord& record);

 private:
  struct State;
  class Run;
  std::unique_ptr<State> state_;
};

// One line for a log or a response header: who answered, why, who else was asked.
std::string route_line(const RouteRecord& record);

}  // namespace zubr::router
