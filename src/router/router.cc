#include "router/router.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

#include "core/log.h"

namespace zubr::router {

using providers::Answer;
using providers::Embedded;
using providers::Fault;
using providers::UpstreamError;
using providers::UpstreamResult;

struct Router::State {
  RouterParts parts;
  std::mutex mutex;
  Health health;                                       // guarded by mutex
  Speeds speeds;                                       // guarded by mutex
  std::minstd_rand generator{std::random_device{}()};  // guarded by mutex

  explicit State(RouterParts given) : parts(std::move(given)), health(parts.options.health) {
    if (!parts.clock) parts.clock = std::make_shared<core::SystemClock>();
    if (!parts.pause) parts.pause = sleep_for;
  }

  static void sleep_for(std::chrono::nanoseconds time, std::stop_token stop) {
    std::mutex waiting;
    std::condition_variable_any ended;
    std::unique_lock lock(waiting);
    ended.wait_for(lock, stop, time, [] { return false; });
  }

  double random() {
    if (parts.random) return parts.random();
    const std::lock_guard lock(mutex);
    return std::uniform_real_distribution<double>(0, 1)(generator);
  }

  static int lines_of(const Endpoint& endpoint) { return std::max(1, endpoint.keys); }

  // Seconds until one of its keys may be used; none: now.
  std::optional<double> resting(const Endpoint& endpoint) {
    const std::lock_guard lock(mutex);
    const auto now = parts.clock->now();
    std::optional<core::Clock::TimePoint> soonest;
    for (int key = 0; key < lines_of(endpoint); ++key) {
      const auto until = health.closed_until({endpoint.provider, endpoint.model, key}, now);
      if (!until) return std::nullopt;
      soonest = std::min(soonest.value_or(*until), *until);
    }
    return std::chrono::duration<double>(*soonest - now).count();
  }

  std::optional<Speed> speed(const Endpoint& endpoint) {
    constexpr double kMedian = 0.5;
    const std::lock_guard lock(mutex);
    return speeds.at(endpoint.name(), kMedian, parts.clock->now());
  }

  Result<Decision> decide(const Route& route, const RequestShape& shape) {
    std::vector<Endpoint> all;
    std::optional<Error> first;
    for (std::size_t rank = 0; rank < route.models.size(); ++rank) {
      auto found = parts.source->endpoints(route.models[rank]);
      if (!found && !first) first = found.error();
      if (!found) continue;
      for (Endpoint& endpoint : *found) {
        endpoint.rank = static_cast<int>(rank);
        all.push_back(std::move(endpoint));
      }
    }
    if (all.empty() && first) return fail(*first);
    const Circumstances circumstances{.speed = [this](const Endpoint& e) { return speed(e); },
                                      .resting = [this](const Endpoint& e) { return resting(e); },
                                      .random = [this] { return random(); }};
    return router::decide(route.models.empty() ? std::string() : route.models.front(), std::move(all), route.rules,
                          shape, route.policy, circumstances);
  }
};

namespace {

LedgerRow row_of(const Route& route, const Endpoint& endpoint, int key) {
  LedgerRow row;
  row.payer = route.payer;
  row.model = route.models.empty() ? endpoint.model : route.models.front();
  row.provider = endpoint.provider;
  row.provider_model = endpoint.model;
  row.provider_key = key;
  row.policy = policy_name(route.policy);
  row.privacy = privacy_name(route.rules.privacy);
  return row;
}

}  // namespace

// One request on its way: who was asked, what is left to try.
class Router::Run {
 public:
  Run(State& state, const Route& route, RouteRecord& record, std::stop_token stop)
      : state_(state), route_(route), record_(record), stop_(std::move(stop)) {}

  // `call` asks an endpoint with a key and fills consumption and cost of the attempt when it goes well.
  template <typename T>
  Result<T> go(const RequestShape& shape, const std::function<UpstreamResult<T>(const Endpoint&, int, Attempt&)>& call,
               std::optional<core::Clock::TimePoint> deadline) {
    deadline_ = deadline;
    ZUBR_TRY(decision, decide(shape));
    record_.decision = std::move(decision);
    if (record_.decision.choices.empty()) return fail(nobody(record_.decision));
    for (const Choice& choice : record_.decision.choices) {
      auto answer = at_place<T>(choice.endpoint, call);
      if (answer) return answer;
      if (over_ || static_cast<int>(record_.attempts.size()) >= state_.parts.options.most_attempts) break;
    }
    return fail(last_error());
  }

 private:
  // Where everybody rests, waits for the first who is back.
  Result<Decision> decide(const RequestShape& shape) {
    ZUBR_TRY(decision, state_.decide(route_, shape));
    if (!decision.choices.empty()) return decision;
    std::optional<double> soonest;
    for (const Loser& loser : decision.losers)
      if (loser.rejection.refusal == Refusal::kUnhealthy)
        if (const auto wait = state_.resting(loser.endpoint)) soonest = std::min(soonest.value_or(*wait), *wait);
    const auto longest = std::chrono::duration<double>(state_.parts.options.longest_wait).count();
    if (!soonest || *soonest > longest) return decision;
    constexpr double kAfter = 0.001;
    state_.parts.pause(
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(*soonest + kAfter)), stop_);
    return state_.decide(route_, shape);
  }

  template <typename T>
  Result<T> at_place(const Endpoint& endpoint,
                     const std::function<UpstreamResult<T>(const Endpoint&, int, Attempt&)>& call) {
    for (int key = 0; key < State::lines_of(endpoint); ++key) {
      for (int tries = 1;; ++tries) {
        const Line line{endpoint.provider, endpoint.model, key};
        if (!begin(line)) break;
        auto answer = attempt<T>(endpoint, line, call);
        if (answer) return std::move(*answer);
        const UpstreamError& error = answer.error();
        if (stop_.stop_requested() || error.after_output || !providers::worth_another_provider(error.fault))
          over_ = true;
        if (over_ || static_cast<int>(record_.attempts.size()) >= state_.parts.options.most_attempts)
          return fail(error.error());
        if (error.fault == Fault::kRateLimited || providers::is_dead_key(error.fault)) break;  // the next key
        if (!providers::may_pass(error.fault)) return fail(error.error());                     // the next place
        if (tries >= state_.parts.options.attempts_at_a_place || !pause(tries, error)) return fail(error.error());
      }
    }
    return fail(last_error());
  }

  bool begin(const Line& line) {
    const std::lock_guard lock(state_.mutex);
    return state_.health.begin(line, state_.parts.clock->now());
  }

  template <typename T>
  UpstreamResult<T> attempt(const Endpoint& endpoint, const Line& line,
                            const std::function<UpstreamResult<T>(const Endpoint&, int, Attempt&)>& call) {
    Attempt attempt{.endpoint = endpoint.name(), .key = line.key};
    auto answer = metered<T>(endpoint, line, attempt, call);
    const auto end = state_.parts.clock->now();
    const std::lock_guard lock(state_.mutex);
    if (answer) {
      state_.health.succeeded(line);
      const std::int64_t tokens = attempt.consumption ? attempt.consumption->completion_tokens : 0;
      const double after = attempt.seconds - attempt.first_token_s;
      state_.speeds.add(attempt.endpoint, {attempt.first_token_s, after > 0 ? static_cast<double>(tokens) / after : 0},
                        end);
    } else {
      const UpstreamError& error = answer.error();
      attempt.fault = error.fault;
      attempt.message = error.message;
      attempt.after_output = error.after_output;
      if (error.fault == Fault::kCancelled)
        state_.health.ended(line);
      else
        state_.health.failed(line, error.fault, error.retry_after, end);
    }
    record_.attempts.push_back(std::move(attempt));
    return answer;
  }

  // Reserves before, writes down after; without a ledger only asks.
  template <typename T>
  UpstreamResult<T> metered(const Endpoint& endpoint, const Line& line, Attempt& attempt,
                            const std::function<UpstreamResult<T>(const Endpoint&, int, Attempt&)>& call) {
    Ledger* ledger = state_.parts.ledger.get();
    Reservation reservation;
    if (ledger != nullptr) {
      auto reserved = ledger->reserve(route_.payer, most_cost(endpoint, record_.decision.shape));
      if (!reserved)
        return tl::unexpected(UpstreamError{.fault = Fault::kNotAllowed, .message = reserved.error().message()});
      reservation = *reserved;
    }
    const auto start = state_.parts.clock->now();
    auto answer = call(endpoint, line.key, attempt);
    attempt.seconds = std::chrono::duration<double>(state_.parts.clock->now() - start).count();
    // An error before the answer began is billed by nobody; half an answer may be.
    const bool after_output = !answer && answer.error().after_output;
    if (!answer && !after_output) attempt.cost = PicoDollars{0};
    if (ledger == nullptr) return answer;
    LedgerRow row = row_of(route_, endpoint, line.key);
    row.first_token_s = attempt.first_token_s;
    row.seconds = attempt.seconds;
    row.fault = answer ? "" : std::string(providers::fault_name(answer.error().fault));
    row.consumption = attempt.consumption;
    row.reasoning_tokens = attempt.reasoning_tokens;
    row.after_output = after_output;
    row.cost = attempt.cost;
    if (auto settled = ledger->settle(reservation, row); !settled)
      core::log_error("the ledger cannot be written: {}", settled.error().message());
    return answer;
  }

  // False: there is no time for it.
  bool pause(int tries, const UpstreamError& error) {
    const RouterOptions& options = state_.parts.options;
    const std::chrono::milliseconds longer(options.base_pause.count() << std::min(tries - 1, 10));
    constexpr double kLeast = 0.8, kSpread = 0.4;  // ±20 %
    auto wait = std::chrono::duration_cast<std::chrono::nanoseconds>(std::min(longer, options.longest_pause) *
                                                                     (kLeast + kSpread * state_.random()));
    if (error.retry_after) wait = std::max<std::chrono::nanoseconds>(wait, *error.retry_after);
    if (wait > options.longest_pause) return false;
    if (deadline_ && state_.parts.clock->now() + wait >= *deadline_) return false;
    state_.parts.pause(wait, stop_);
    if (stop_.stop_requested()) over_ = true;
    return !over_;
  }

  // Of several failures the last one counts; it is what was tried longest.
  Error last_error() const {
    if (stop_.stop_requested()) return Error(ErrorCode::kCancelled, message("stopped"));
    if (record_.attempts.empty())
      return Error(
          ErrorCode::kUnavailable,
          message("all who may answer '{}' are being tried by others just now; try again", record_.decision.model));
    const Attempt& last = record_.attempts.back();
    std::string text = last.message;
    if (record_.attempts.size() > 1) text += message(" (after {} attempts)", record_.attempts.size());
    return Error(providers::code_of(*last.fault), std::move(text));
  }

  State& state_;
  const Route& route_;
  RouteRecord& record_;
  const std::stop_token stop_;
  std::optional<core::Clock::TimePoint> deadline_;
  bool over_ = false;
};

namespace {

// Whether something of the answer left for the one who asked.
bool is_output(const inference::Event& event) { return !std::holds_alternative<inference::PromptProgress>(event); }

}  // namespace

Router::Router(RouterParts parts) : state_(std::make_unique<State>(std::move(parts))) {}
Router::~Router() = default;

Result<Decision> Router::explain(const Route& route, const RequestShape& shape) { return state_->decide(route, shape); }

Result<inference::Generation> Router::generate(const Route& given, const inference::GenerateRequest& asked,
                                               const inference::EventSink& sink, std::stop_token stop,
                                               RouteRecord& record) {
  inference::GenerateRequest request = asked;
  Route route = given;
  ZUBR_TRY(guarded, Guarded::look(route.guard, request));
  if (guarded.must_stay()) route.rules.privacy = std::max(route.rules.privacy, Privacy::kPrivate);
  record.masked = guarded.masked();
  if (state_->parts.ledger && request.max_tokens < 0) {
    ZUBR_TRY(counts, state_->parts.ledger->has_budget(route.payer));
    if (counts) request.max_tokens = state_->parts.options.budget_max_tokens;
  }
  inference::GenerateRequest outgoing = guarded.outgoing(request);
  outgoing.max_tokens = request.max_tokens;
  RequestShape shape = shape_of(request);
  shape.prompt_bytes = std::max(shape.prompt_bytes, shape_of(outgoing).prompt_bytes);
  const auto ask = [&](const Endpoint& endpoint, int key, Attempt& attempt) -> UpstreamResult<Answer> {
    const auto start = state_->parts.clock->now();
    bool begun = false;
    const bool leaves = endpoint.reach == providers::Reach::kHosted;
    Guarded::Restorer restorer(guarded, sink);
    const inference::EventSink watched = [&](const inference::Event& event) {
      if (is_output(event) && !begun) {
        begun = true;
        attempt.first_token_s = std::chrono::duration<double>(state_->parts.clock->now() - start).count();
      }
      if (leaves)
        restorer(event);
      else if (sink)
        sink(event);
    };
    auto answer = state_->parts.caller->generate(endpoint, key, leaves ? outgoing : request, watched, stop);
    if (leaves) restorer.flush();
    if (answer && leaves) guarded.restore(answer->generation);
    // Whatever the caller says: what left here, left.
    if (!answer && begun) answer.error().after_output = true;
    if (!answer) return answer;
    const inference::Usage& usage = answer->generation.usage;
    attempt.reasoning_tokens = answer->reasoning_tokens;
    if (answer->usage_known) {
      attempt.consumption = Consumption{usage.prompt_tokens, usage.cached_prompt_tokens, answer->cache_write_tokens,
                                        usage.completion_tokens};
      attempt.cost = cost_of(endpoint.prices, *attempt.consumption);
    }
    if (is_free(endpoint.prices)) attempt.cost = PicoDollars{0};
    if (answer->billed) attempt.cost = answer->billed;
    return answer;
  };
  Run run(*state_, route, record, stop);
  auto answer = run.go<Answer>(shape, ask, request.deadline);
  if (!answer) return fail(std::move(answer).error());
  return std::move(answer->generation);
}

Result<std::vector<Result<inference::Embedding>>> Router::embed(const Route& given,
                                                                const inference::EmbedRequest& request,
                                                                std::stop_token stop, RouteRecord& record) {
  Route route = given;
  ZUBR_TRY(guarded, Guarded::look(route.guard, request));
  if (guarded.must_stay()) route.rules.privacy = std::max(route.rules.privacy, Privacy::kPrivate);
  record.masked = guarded.masked();
  RequestShape shape{.needed = providers::kEmbeddings, .max_tokens = 0};
  for (const std::string& text : request.texts) shape.prompt_bytes += static_cast<std::int64_t>(text.size());
  shape.messages = static_cast<std::int64_t>(request.texts.size());
  const auto ask = [&](const Endpoint& endpoint, int key, Attempt& attempt) -> UpstreamResult<Embedded> {
    const bool leaves = endpoint.reach == providers::Reach::kHosted;
    auto embedded = state_->parts.caller->embed(endpoint, key, leaves ? guarded.outgoing(request) : request, stop);
    if (!embedded || !embedded->usage_known) return embedded;
    attempt.consumption = Consumption{.prompt_tokens = embedded->prompt_tokens};
    attempt.cost = cost_of(endpoint.prices, *attempt.consumption);
    return embedded;
  };
  Run run(*state_, route, record, stop);
  auto embedded = run.go<Embedded>(shape, ask, std::nullopt);
  if (!embedded) return fail(std::move(embedded).error());
  std::vector<Result<inference::Embedding>> results;
  for (inference::Embedding& vector : embedded->vectors) results.emplace_back(std::move(vector));
  return results;
}

std::string route_line(const RouteRecord& record) {
  std::string line;
  for (const Attempt& attempt : record.attempts) {
    if (!line.empty()) line += ", ";
    line += attempt.endpoint;
    line += attempt.fault ? fmt::format(" {}", providers::fault_name(*attempt.fault)) : " ok";
  }
  if (record.attempts.empty()) line = "nobody";
  return fmt::format("{}; policy={}; privacy={}; refused={}", line, policy_name(record.decision.policy),
                     privacy_name(record.decision.rules.privacy), record.decision.losers.size());
}

}  // namespace zubr::router
