#include <fmt/format.h>
#include <torch/torch.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <numeric>
#include <random>
#include <set>

#include "core/machine.h"
#include "core/text_file.h"
#include "train/torch/guarded.h"
#include "train/torch/lora.h"
#include "train/torch/weights.h"
#include "train/tune.h"

namespace zubr::train {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = TuneEvent::Kind;

constexpr std::int64_t kLeastLength = 128;  // of a row: short examples are packed
constexpr const char* kLess = "give --recompute, a lower --tokens-at-once or --rank, or a smaller base";

// Examples in as few passes as `tokens_at_once` allows.
std::vector<Batch> pack(std::vector<const Example*> examples, std::int64_t tokens_at_once) {
  std::ranges::stable_sort(examples, [](const auto* a, const auto* b) { return a->size() > b->size(); });
  std::vector<Batch> batches;
  if (examples.empty()) return batches;
  const std::int64_t length = std::max(kLeastLength, (examples.front()->size() + 15) / 16 * 16);
  Packer packer(std::max<std::int64_t>(1, tokens_at_once / length), length);
  const auto take = [&] {
    batches.push_back(packer.take());
    batches.back().drop_empty_rows();
  };
  for (const Example* example : examples) {
    const Sample sample = sample_of(*example);
    if (packer.add(sample)) continue;
    take();
    packer.add(sample);
  }
  take();
  return batches;
}

double weight_of(const std::vector<Batch>& batches) {
  double sum = 0;
  for (const Batch& batch : batches) sum = std::accumulate(batch.weight.begin(), batch.weight.end(), sum);
  return sum;
}

class TuneRun {
 public:
  TuneRun(StoredPlan stored, TuneFolder folder, Llama model, std::vector<torch::Tensor> tensors)
      : plan_(std::move(stored.plan)),
        train_(std::move(stored.train)),
        validation_(std::move(stored.validation)),
        folder_(std::move(folder)),
        model_(std::move(model)),
        tensors_(std::move(tensors)),
        adam_(tensors_, std::vector<double>(tensors_.size(), 1.0), {0.9, 0.999, 1e-8, plan_.weight_decay}),
        schedule_(plan_.schedule(std::ssize(train_))) {
    model_.set_recompute(plan_.recompute);
  }

  static Result<TuneRun> open(const TuneFolder& folder) {
    ZUBR_TRY(stored, read_plan(folder));
    set_threads(stored.plan.threads);
    torch::manual_seed(stored.plan.seed);
    ZUBR_TRY(file, formats::GgufReader::open(stored.plan.base));
    ZUBR_TRY(shape, read_shape(file));
    const auto type = stored.plan.float32 ? torch::kFloat32 : torch::kBFloat16;
    Llama model = stored.plan.full ? Llama(shape, type) : Llama::frozen(shape, type, type);
    ZUBR_CHECK(load_weights(file, model));
    std::vector<torch::Tensor> tensors = model.parameters();
    if (!stored.plan.full) {
      ZUBR_TRY(adapters, add_adapters(model, stored.plan.lora));
      tensors = std::move(adapters);
    }
    for (const auto* examples : {&stored.train, &stored.validation})
      for (const Example& example : *examples) ZUBR_CHECK(check_example(example, shape));
    return TuneRun(std::move(stored), folder, std::move(model), std::move(tensors));
  }

  Result<void> run(const TuneReport& report, std::stop_token stop) {
    report_ = &report;
    ZUBR_CHECK(begin());
    const std::int64_t last = schedule_.steps, epoch = plan_.steps_per_epoch(std::ssize(train_));
    const std::int64_t evaluate_every = plan_.evaluate_every > 0 ? plan_.evaluate_every : epoch;
    bool early = false;
    while (state_.step < last && !early) {
      if (stop.stop_requested()) {
        ZUBR_CHECK(save_tune(folder_.checkpoint(), tensors_, &adam_, state_));
        return fail(ErrorCode::kCancelled, "stopped after step {} of {}; the same command goes on from there",
                    state_.step, last);
      }
      ZUBR_CHECK(step());
      if (!validation_.empty() && (state_.step % evaluate_every == 0 || state_.step == last)) {
        ZUBR_CHECK(evaluate());
        early = plan_.patience > 0 && state_.worse >= plan_.patience;
      }
      if (state_.step % plan_.checkpoint_every == 0 || state_.step == last || early)
        ZUBR_CHECK(save_tune(folder_.checkpoint(), tensors_, &adam_, state_));
    }
    if (early) say({.kind = Kind::kEarly, .step = state_.step, .steps = last});
    return finish();
  }

  Result<TuneTrial> trial() {
    TuneTrial trial;
    trial.parameters = trained();
    model_.set_training(true);
    const auto batches = batches_of(0);
    for (int round = 0; round < 2; ++round) {
      const auto since = Clock::now();
      const Batch& batch = batches.front();
      model_.weighted_loss(batch).backward();
      const std::chrono::duration<double> passed = Clock::now() - since;
      const auto tokens = std::ranges::count_if(batch.samples, [](std::int32_t sample) { return sample >= 0; });
      trial.tokens_per_second = static_cast<double>(tokens) / passed.count();
    }
    trial.peak_bytes = core::peak_resident_bytes();
    return trial;
  }

 private:
  static Result<void> check_example(const Example& example, const LlamaShape& shape) {
    for (const auto* tokens : {&example.prompt, &example.answer})
      for (const TokenId token : *tokens)
        if (token < 0 || token >= shape.vocabulary)
          return fail(ErrorCode::kCorrupt, "row {} has the token {}, the model has {}", example.row, token,
                      shape.vocabulary);
    return {};
  }

  std::int64_t trained() const {
    std::int64_t count = 0;
    for (const auto& tensor : tensors_) count += tensor.numel();
    return count;
  }

  // The lines of a run that was stopped end where its checkpoint is.
  Result<void> begin() {
    if (std::filesystem::exists(folder_.checkpoint())) {
      ZUBR_TRY(state, load_tune(folder_.checkpoint(), tensors_, &adam_));
      state_ = state;
      std::ifstream in(folder_.log());
      for (std::string line; std::getline(in, line);)
        if (const auto event = parse_event(line); event && event->step <= state_.step && event->kind != Kind::kStart)
          events_.push_back(*event);
    }
    std::string kept;
    for (const TuneEvent& event : events_) kept += event_line(event);
    ZUBR_CHECK(core::write_text_file(folder_.log(), kept));
    log_.open(folder_.log(), std::ios::app);
    say({.kind = Kind::kStart, .step = state_.step, .steps = schedule_.steps, .parameters = trained()});
    return {};
  }

  void say(const TuneEvent& event) {
    events_.push_back(event);
    log_ << event_line(event) << std::flush;
    if (*report_) (*report_)(event);
  }

  // The examples of a step: each epoch goes through all of them in an order of its own.
  std::vector<Batch> batches_of(std::int64_t step) {
    const std::int64_t per_epoch = plan_.steps_per_epoch(std::ssize(train_)), epoch = step / per_epoch;
    if (epoch != order_epoch_) {
      order_.resize(train_.size());
      std::iota(order_.begin(), order_.end(), std::size_t{0});
      std::mt19937_64 random(plan_.seed * 0x9E3779B97F4A7C15ULL + static_cast<std::uint64_t>(epoch));
      std::shuffle(order_.begin(), order_.end(), random);
      order_epoch_ = epoch;
    }
    const auto begin = static_cast<std::size_t>(step % per_epoch * plan_.batch);
    const auto end = std::min(order_.size(), begin + static_cast<std::size_t>(plan_.batch));
    std::vector<const Example*> examples;
    rows_.clear();
    for (std::size_t i = begin; i < end; ++i) {
      examples.push_back(&train_[order_[i]]);
      rows_.insert(examples.back()->row);
    }
    return pack(std::move(examples), plan_.tokens_at_once);
  }

  Result<void> step() {
    const auto since = Clock::now();
    const auto batches = batches_of(state_.step);
    const double weight = weight_of(batches);
    model_.set_training(true);
    double sum = 0;
    std::int64_t tokens = 0;
    for (std::size_t i = 0; i < batches.size(); ++i) {
      model_.set_seed(plan_.seed * 31 + static_cast<std::uint64_t>(state_.step) * 1009 + i);
      const auto loss = model_.weighted_loss(batches[i]);
      const double value = loss.item<double>();
      if (!std::isfinite(value)) return not_finite();
      (loss / weight).backward();
      sum += value;
      tokens += std::ranges::count_if(batches[i].samples, [](std::int32_t sample) { return sample >= 0; });
    }
    const double norm = adam_.clip(plan_.clip);
    if (!std::isfinite(norm)) return not_finite();
    const double rate = schedule_.at(state_.step);
    adam_.step(state_.step, rate);
    ++state_.step;
    state_.tokens += tokens;
    const std::chrono::duration<double> passed = Clock::now() - since;
    say({.kind = Kind::kStep,
         .step = state_.step,
         .steps = schedule_.steps,
         .tokens = state_.tokens,
         .loss = sum / weight,
         .rate = rate,
         .tokens_per_second = static_cast<double>(tokens) / passed.count()});
    return {};
  }

  tl::unexpected<Error> not_finite() const {
    std::string rows;
    for (const std::int64_t row : rows_) rows += (rows.empty() ? "" : ", ") + std::to_string(row);
    return fail(
        ErrorCode::kInternal,
        "the loss is not finite at step {}, in the rows {} of the data; the last checkpoint is kept, try a lower "
        "--rate",
        state_.step + 1, rows);
  }

  Result<void> evaluate() {
    const torch::NoGradGuard no_gradients;
    model_.set_training(false);
    double sum = 0, weight = 0;
    // A few examples at a time: what is packed together is as long as its longest.
    for (std::size_t at = 0; at < validation_.size(); at += 64) {
      std::vector<const Example*> part;
      for (std::size_t i = at; i < std::min(validation_.size(), at + 64); ++i) part.push_back(&validation_[i]);
      const auto batches = pack(std::move(part), plan_.tokens_at_once);
      weight += weight_of(batches);
      for (const Batch& batch : batches) sum += model_.weighted_loss(batch).item<double>();
    }
    const double loss = sum / weight;
    const bool best = std::isfinite(loss) && (state_.best_step < 0 || loss < state_.best_loss);
    state_.worse = best ? 0 : state_.worse + 1;
    if (best) {
      state_.best_loss = loss;
      state_.best_step = state_.step;
      ZUBR_CHECK(save_tune(folder_.best(), tensors_, nullptr, state_));
    }
    say({.kind = Kind::kEval, .step = state_.step, .steps = schedule_.steps, .loss = loss, .best = best});
    return {};
  }

  Result<void> write_model() {
    if (plan_.full) return save_over(plan_.base, model_, plan_.type, plan_.name, folder_.merged());
    const Adapter adapter = adapter_of(model_, plan_.lora);
    ZUBR_CHECK(write_adapter_gguf(adapter, plan_.name, folder_.adapter()));
    say({.kind = Kind::kSaved, .step = state_.step, .text = folder_.adapter().string()});
    ZUBR_CHECK(write_adapter_peft(adapter, plan_.base.string(), folder_.peft()));
    say({.kind = Kind::kSaved, .step = state_.step, .text = folder_.peft().string()});
    return merge_adapter(adapter, plan_.base, plan_.type, plan_.name, folder_.merged());
  }

  Result<void> finish() {
    if (state_.best_step >= 0 && state_.best_step != state_.step)
      ZUBR_CHECK(load_tune(folder_.best(), tensors_, nullptr));
    ZUBR_CHECK(write_model());
    ZUBR_CHECK(core::write_text_file(folder_.plot(), loss_plot(events_, plan_.name)));
    double loss = state_.best_loss;
    for (const TuneEvent& event : events_)
      if (state_.best_step < 0 && event.kind == Kind::kStep) loss = event.loss;
    say({.kind = Kind::kDone,
         .step = state_.step,
         .tokens = state_.tokens,
         .loss = loss,
         .text = folder_.merged().string()});
    return {};
  }

  TunePlan plan_;
  std::vector<Example> train_, validation_;
  TuneFolder folder_;
  Llama model_;
  std::vector<torch::Tensor> tensors_;
  AdamW adam_;
  Schedule schedule_;
  TuneState state_;
  std::vector<TuneEvent> events_;
  std::ofstream log_;
  const TuneReport* report_ = nullptr;
  std::vector<std::size_t> order_;
  std::int64_t order_epoch_ = -1;
  std::set<std::int64_t> rows_;  // of the data, in the current step
};

}  // namespace

Result<void> run_tune(const TuneFolder& folder, const TuneReport& report, std::stop_token stop) {
  return guarded("tuning", kLess, [&]() -> Result<void> {
    ZUBR_TRY(run, TuneRun::open(folder));
    return run.run(report, stop);
  });
}

Result<TuneTrial> try_tune(const TuneFolder& folder) {
  return guarded("tuning", kLess, [&]() -> Result<TuneTrial> {
    ZUBR_TRY(run, TuneRun::open(folder));
    return run.trial();
  });
}

}  // namespace zubr::train
