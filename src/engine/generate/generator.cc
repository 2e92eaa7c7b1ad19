#include "engine/generate/generator.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "core/machine.h"
#include "engine/generate/answer_limits.h"
#include "engine/generate/drafter.h"
#include "engine/generate/generation_job.h"
#include "engine/generate/grammar_cache.h"
#include "engine/generate/top_logprobs.h"
#include "engine/llama/context.h"
#include "engine/llama/grammar.h"
#include "engine/llama/kv_size.h"

namespace zubr::engine {
namespace {

using Clock = std::chrono::steady_clock;
using inference::FinishReason;
using inference::Generation;

constexpr int kKept = 8;                 // prompts kept beyond those that run
constexpr std::size_t kMostDrafted = 4;  // answers that guesses are made for
constexpr std::int64_t kMostCells = 1 << 24;
constexpr std::uint64_t kMemoryShare = 8;     // of the machine's memory for the KV cache: one part in so many
constexpr std::int64_t kLeastContext = 4096;  // a context that nobody asked for: at least, where the model has it
constexpr std::int64_t kMostContext = 32 * 1024;

}  // namespace

// The thread that owns the context.
class Generator::Worker {
 public:
  Worker(std::shared_ptr<const Model> model, std::unique_ptr<Context> context, const PlannerLimits& limits,
         std::shared_ptr<Adapters> adapters, std::unique_ptr<Drafter> drafter)
      : model_(std::move(model)),
        context_(std::move(context)),
        adapters_(std::move(adapters)),
        drafter_(std::move(drafter)),
        planner_(limits),
        thread_([this](std::stop_token stop) { run(stop); }) {}

  void submit(std::shared_ptr<GenerationJob> job) {
    {
      const std::lock_guard lock(mutex_);
      if (ended_) return job->conclude(unloaded());
      arrived_.push_back(std::move(job));
    }
    wake_.notify_one();
  }

  void stop() { thread_.request_stop(); }

  Counts counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
  }

  void cancel(RequestId id) {
    {
      const std::lock_guard lock(mutex_);
      cancelled_.push_back(id);
    }
    wake_.notify_one();
  }

 private:
  using Jobs = std::map<RequestId, std::shared_ptr<GenerationJob>>;

  void run(std::stop_token stop) {
    while (wait_for_work(stop)) step(stop);
    for (const auto& [id, job] : jobs_) job->conclude(unloaded());
    const std::lock_guard lock(mutex_);
    ended_ = true;
    for (const auto& job : arrived_) job->conclude(unloaded());
  }

  static Result<Generation> unloaded() { return fail(ErrorCode::kCancelled, "the model was unloaded"); }

  // Takes in what arrived. False when the thread has to end.
  bool wait_for_work(std::stop_token stop) {
    std::vector<std::shared_ptr<GenerationJob>> arrived;
    std::vector<RequestId> cancelled;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, stop, [this] { return planner_.busy() || !arrived_.empty() || !cancelled_.empty(); });
      arrived.swap(arrived_);
      cancelled.swap(cancelled_);
    }
    for (auto& job : arrived) {
      if (const auto refusal = planner_.submit(job->request)) {
        job->conclude(refused(*refusal, job->request.client));
      } else {
        jobs_[job->id] = std::move(job);
      }
    }
    for (const RequestId id : cancelled) end(id, fail(ErrorCode::kCancelled, "stopped"));
    for (const RequestId id : planner_.expired(Clock::now()))
      end(id, fail(ErrorCode::kTimeout, "the answer was not whole at its deadline; ask for less or give it more time"));
    return !stop.stop_requested();
  }

  Result<Generation> refused(QueueRefusal refusal, const std::string& client) const {
    if (refusal == QueueRefusal::kClientFull)
      return fail(ErrorCode::kUnavailable, "too many requests of '{}' are waiting for '{}' already; try again later",
                  client, model_->name());
    return fail(ErrorCode::kUnavailable, "{} requests are waiting for '{}' already; try again later",
                planner_.waiting(), model_->name());
  }

  void begin(const Step& step) {
    for (const RequestId id : step.admitted) {
      GenerationJob& job = *jobs_.at(id);
      job.admitted_at = Clock::now();
      job.result.usage.prompt_tokens = std::ssize(job.request.prompt);
    }
    for (const Step::Reuse& reuse : step.reused) jobs_.at(reuse.id)->result.usage.cached_prompt_tokens = reuse.tokens;
    for (const CacheChange& change : step.changes) apply(*context_, change);
  }

  // Guesses are worth their time while few answers run: with many, a decode is full anyway.
  void draft(std::stop_token stop) {
    const std::vector<Answering> answers = planner_.answering();
    if (!drafter_ || answers.empty() || answers.size() > kMostDrafted) return;
    auto guesses = drafter_->guess(answers, stop);
    if (!guesses) return drafter_.reset();
    for (auto& [id, tokens] : *guesses) planner_.propose(id, std::move(tokens));
  }

  Result<void> evaluate(const Step& step, std::stop_token stop) {
    if (adapters_ && flavour_ != step.flavour) ZUBR_CHECK(adapters_->apply(*context_, step.flavour));
    flavour_ = step.flavour;
    return context_->decode(batch_, stop);
  }

  void step(std::stop_token stop) {
    draft(stop);
    const Step step = planner_.next();
    begin(step);
    count(step);
    if (drafter_ && !drafter_->follow(step, stop)) drafter_.reset();
    if (step.feeds.empty()) return;
    batch_.clear();
    for (const Feed& feed : step.feeds) {
      for (std::size_t i = 0; i < feed.tokens.size(); ++i) {
        const bool output = feed.wants_logits && (!feed.is_prompt || i + 1 == feed.tokens.size());
        batch_.add(feed.tokens[i], feed.position + static_cast<int>(i), feed.sequence, output);
      }
    }
    const auto decoded = evaluate(step, stop);
    int end_of_feed = 0;
    for (const Feed& feed : step.feeds) {
      const int begin_of_feed = std::exchange(end_of_feed, end_of_feed + static_cast<int>(feed.tokens.size()));
      if (!decoded) {
        end(feed.id, fail(decoded.error()));
        continue;
      }
      GenerationJob& job = *jobs_.at(feed.id);
      if (feed.is_prompt) {
        const auto evaluated = feed.position + std::ssize(feed.tokens);
        job.publish(inference::PromptProgress{evaluated, job.result.usage.prompt_tokens});
      }
      if (feed.wants_logits) advance(job, feed, feed.is_prompt ? end_of_feed - 1 : begin_of_feed);
    }
  }

  void count(const Step& step) {
    const std::lock_guard lock(mutex_);
    for (const RequestId id : step.admitted) counts_.prompt_tokens += jobs_.at(id)->request.prompt.size();
    for (const Feed& feed : step.feeds) {
      (feed.is_prompt ? counts_.evaluated_prompt_tokens : counts_.drafted_tokens) +=
          feed.tokens.size() - (feed.is_prompt ? 0 : 1);
    }
    if (!step.feeds.empty()) ++counts_.steps;
    counts_.accepted_tokens = accepted_;
    count_places_locked();
  }

  void count_places() {
    const std::lock_guard lock(mutex_);
    count_places_locked();
  }

  void count_places_locked() {
    counts_.running = planner_.running();
    counts_.waiting = static_cast<int>(planner_.waiting());
    counts_.cells_in_use = planner_.cells();
  }

  // Samples the job's next tokens from the logits of a feed: one, and one more for every draft that was right.
  void advance(GenerationJob& job, const Feed& feed, int index) {
    const std::size_t drafts = feed.is_prompt ? 0 : feed.tokens.size() - 1;
    for (std::size_t i = 0; i <= drafts; ++i) {
      const auto token = pick(job, index + static_cast<int>(i));
      if (!token || (i < drafts && *token != feed.tokens[i + 1])) return;
      if (i < drafts) ++accepted_;
    }
  }

  // Samples one token. None when the job is over then.
  std::optional<Token> pick(GenerationJob& job, int index) {
    const auto token = job.sampler->sample(context_->handle(), index);
    if (job.first_token_at == Clock::time_point{}) job.first_token_at = Clock::now();
    if (!token) {
      end(job.id, fail(token.error()));
      return std::nullopt;
    }
    const auto over = [&](FinishReason reason) {
      complete(job, reason);
      return std::nullopt;
    };
    if (model_->tokenizer().is_end(*token)) return over(FinishReason::kStop);
    ++job.result.usage.completion_tokens;
    if (job.top_logprobs >= 0)
      job.unsaid.push_back(read_logprobs(context_->logits(index), *token, job.top_logprobs, model_->tokenizer()));
    emit(job, job.filter.push(job.text.push(*token)));
    if (job.filter.stopped()) return over(FinishReason::kStop);
    if (!planner_.sampled(job.id, *token)) return over(FinishReason::kLength);
    return *token;
  }

  static void emit(GenerationJob& job, std::string text) {
    if (text.empty()) return;
    job.result.text += text;
    auto& said = job.result.logprobs;
    said.insert(said.end(), job.unsaid.begin(), job.unsaid.end());
    job.publish(inference::TextDelta{std::move(text), std::exchange(job.unsaid, {})});
  }

  void complete(GenerationJob& job, FinishReason reason) {
    emit(job, job.filter.push(job.text.finish()));
    if (job.filter.stopped()) reason = FinishReason::kStop;
    emit(job, job.filter.finish());
    job.result.stop = job.filter.found();
    job.result.finish = reason;
    job.result.prompt_time = job.first_token_at - job.admitted_at;
    job.result.completion_time = Clock::now() - job.first_token_at;
    planner_.finish(job.id);
    conclude(job.id, std::move(job.result));
  }

  // Ends a job without an answer; what its sequence holds is not to be relied on.
  void end(RequestId id, Result<Generation> outcome) {
    if (!jobs_.contains(id)) return;
    planner_.drop(id);
    conclude(id, std::move(outcome));
  }

  // Whoever hears of the end finds its place free in counts().
  void conclude(RequestId id, Result<Generation> outcome) {
    const auto job = jobs_.extract(id);
    count_places();
    job.mapped()->conclude(std::move(outcome));
  }

  const std::shared_ptr<const Model> model_;
  const std::unique_ptr<Context> context_;
  const std::shared_ptr<Adapters> adapters_;
  std::unique_ptr<Drafter> drafter_;  // null: none, or it failed
  Flavour flavour_ = 0;               // that the context has
  std::uint64_t accepted_ = 0;
  StepPlanner planner_;
  Batch batch_;
  Jobs jobs_;
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<std::shared_ptr<GenerationJob>> arrived_;  // guarded by mutex_
  std::vector<RequestId> cancelled_;                     // guarded by mutex_
  bool ended_ = false;                                   // guarded by mutex_
  Counts counts_;                                        // guarded by mutex_
  std::jthread thread_;                                  // last: ends before the rest goes
};

struct Generator::State {
  std::shared_ptr<const Model> model;
  GeneratorOptions options;
  int context = 0;
  std::int64_t cells = 0;
  std::atomic<RequestId> next_id{1};
  GrammarCache grammars;
  std::mutex start_mutex;
  std::unique_ptr<Worker> worker;  // guarded by start_mutex
};

Generator::Generator(std::shared_ptr<const Model> model, const GeneratorOptions& options)
    : state_(std::make_unique<State>()) {
  state_->options = options;
  state_->options.parallel = std::clamp(options.parallel, 1, 64);
  state_->context = std::max(1, model->context_tokens());
  const std::int64_t bytes = std::max<std::int64_t>(1, kv_bytes_per_token(*model));
  const std::int64_t affordable = static_cast<std::int64_t>(core::memory_info().total / kMemoryShare) / bytes;
  if (options.shrink_context) {
    const auto each = std::clamp<std::int64_t>(affordable / state_->options.parallel, kLeastContext, kMostContext);
    state_->context = static_cast<int>(std::min<std::int64_t>(state_->context, each));
  }
  const std::int64_t all = std::int64_t{state_->context} * state_->options.parallel;
  state_->cells = options.cells > 0 ? options.cells : std::min({all, affordable, kMostCells});
  state_->cells = std::max<std::int64_t>(state_->cells, state_->context);
  state_->model = std::move(model);
}

Generator::~Generator() = default;

void Generator::stop() {
  const std::lock_guard lock(state_->start_mutex);
  if (state_->worker) state_->worker->stop();
}

int Generator::context_tokens() const { return state_->context; }

Generator::Counts Generator::counts() const {
  const std::lock_guard lock(state_->start_mutex);
  Counts counts = state_->worker ? state_->worker->counts() : Counts{};
  counts.cells = state_->cells;
  return counts;
}

Result<Generator::Worker*> Generator::started() {
  const std::lock_guard lock(state_->start_mutex);
  if (!state_->worker) {
    const GeneratorOptions& options = state_->options;
    const bool cuts = !state_->model->is_recurrent() && !state_->model->is_hybrid();
    const int kept = !cuts ? 0 : options.kept >= 0 ? options.kept : options.parallel + kKept;
    const PlannerLimits limits{.slots = options.parallel,
                               .sequences = std::min(options.parallel + kept, kMaxSequences),
                               .context_tokens = state_->context,
                               .cells = state_->cells,
                               .step_tokens = std::max(options.step_tokens, 2 * options.parallel),
                               .prompt_beside = options.prompt_beside,
                               .waiting = options.waiting,
                               .waiting_of_a_client = (options.waiting + 1) / 2,
                               .cuts = cuts};
    const bool drafts = options.draft && cuts;
    ContextOptions wanted{.cells = static_cast<int>(state_->cells),
                          .batch_tokens = limits.step_tokens,
                          .sequences = limits.sequences,
                          .outputs = options.parallel + (drafts ? static_cast<int>(kMostDrafted) * options.drafts : 0),
                          .cache = options.cache,
                          .flash = options.flash};
    ZUBR_TRY(context, Context::create(state_->model, wanted));
    std::unique_ptr<Drafter> drafter;
    if (drafts) {
      wanted.cache = CacheType::kF16;
      ZUBR_TRY(made, Drafter::create(*state_->model, options.draft, wanted, options.drafts));
      drafter = std::move(made);
    }
    state_->worker =
        std::make_unique<Worker>(state_->model, std::move(context), limits, options.adapters, std::move(drafter));
  }
  return state_->worker.get();
}

Result<Generation> Generator::generate(Tokens prompt, const inference::GenerateRequest& request,
                                       const inference::EventSink& sink, std::stop_token stop, GrammarSpec grammar) {
  const auto& model = state_->model;
  if (!model->can_generate())
    return fail(ErrorCode::kUnsupported, "the model '{}' cannot generate text; use it with embed, or take another one",
                model->name());
  if (prompt.empty()) return fail(ErrorCode::kInvalidArgument, "the prompt is empty; write something to be answered");
  const int wanted = request.context_tokens;
  const int context = wanted > 0 ? std::min(wanted, state_->context) : state_->context;
  if (std::ssize(prompt) > context)
    return fail(ErrorCode::kTooLarge, "the prompt has {} tokens, the context {} {}; shorten it", prompt.size(),
                context < state_->context ? "that was asked for has" : fmt::format("of '{}' has", model->name()),
                context);
  if (wanted < 0) return fail(ErrorCode::kInvalidArgument, "a context of {} tokens is impossible", wanted);
  if (request.max_tokens < -1)
    return fail(ErrorCode::kInvalidArgument, "max_tokens is {}; it has to be -1 (no limit) or more",
                request.max_tokens);
  ZUBR_CHECK(check_stops(request.stop));
  if (request.json_schema && grammar.text.empty()) {
    ZUBR_TRY(compiled, state_->grammars.grammar(*request.json_schema));
    grammar.text = std::move(compiled);
  }
  if (!request.adapters.empty() && !state_->options.adapters)
    return fail(ErrorCode::kNotFound, "the model '{}' has no adapter '{}'", model->name(), request.adapters[0].name);
  Flavour flavour = 0;
  if (!request.adapters.empty()) {
    ZUBR_TRY(known, state_->options.adapters->flavour(request.adapters));
    flavour = known;
  }
  ZUBR_TRY(sampler, Sampler::create(model, request.sampling, grammar));
  if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
  if (request.max_tokens == 0) {
    Generation nothing{.text = {}, .finish = FinishReason::kLength, .usage = {.prompt_tokens = std::ssize(prompt)}};
    return nothing;
  }
  sampler->accept_prompt(std::span(prompt).last(std::min(prompt.size(), kPenaltyWindow)));
  ZUBR_TRY(worker, started());

  const RequestId id = state_->next_id++;
  PlannedRequest planned{.id = id,
                         .prompt = std::move(prompt),
                         .max_new = request.max_tokens,
                         .context_tokens = context,
                         .client = request.client,
                         .deadline = request.deadline.value_or(kNoDeadline),
                         .flavour = flavour};
  auto job = std::make_shared<GenerationJob>(model->tokenizer(), std::move(planned), request.stop, std::move(sampler));
  job->text.show(std::move(grammar.shown));
  job->top_logprobs = std::min(request.top_logprobs, kMaxTopLogprobs);
  worker->submit(job);
  // Also when the sink throws, nobody would wait for the rest.
  struct CancelOnExit {
    Worker* worker;
    RequestId id;
    bool armed = true;
    ~CancelOnExit() {
      if (armed) worker->cancel(id);
    }
  } guard{worker, id};
  auto outcome = job->wait(sink, stop);
  if (!outcome) return fail(ErrorCode::kCancelled, "stopped");
  guard.armed = false;
  return std::move(*outcome);
}

}  // namespace zubr::engine
