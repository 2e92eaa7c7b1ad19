#include "train/trainer.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <chrono>
#include <cmath>
#include <fstream>

#include "train/corpus.h"
#include "train/torch/adamw.h"
#include "train/torch/association.h"
#include "train/torch/checkpoint.h"
#include "train/torch/guarded.h"
#include "train/torch/llama.h"
#include "train/torch/weights.h"

namespace zubr::train {
namespace {

using Clock = std::chrono::steady_clock;

torch::Dtype dtype(Precision precision) {
  return precision == Precision::kBfloat16 ? torch::kBFloat16 : torch::kFloat32;
}

constexpr const char* kLess = "use fewer rows or a smaller shape";

Result<Vocabulary> open_vocabulary(const std::filesystem::path& file) {
  ZUBR_TRY(reader, formats::GgufReader::open(file));
  return read_vocabulary(reader);
}

// Embeddings learn from few tokens a step each; a rate of their own keeps them from being thrown about.
std::vector<double> rates(const Llama& model, double embedding_rate) {
  std::vector<double> factors;
  for (const auto& [name, weight] : model.weights())
    factors.push_back(name == "token_embd.weight" || name == "output.weight" ? embedding_rate : 1.0);
  return factors;
}

// One run, from the first step or from its checkpoint to the last.
class PretrainRun {
 public:
  PretrainRun(const PretrainOptions& options, const LlamaShape& shape, Corpus corpus, TokenId end)
      : options_(options),
        end_(end),
        corpus_(std::move(corpus)),
        model_(shape, dtype(options.precision)),
        adam_(model_.parameters(), rates(model_, options.embedding_rate),
              {options.beta1, options.beta2, 1e-8, options.weight_decay}),
        packer_(options.rows, options.row_length) {}

  // From the checkpoint, or from associations where there is none yet.
  Result<void> begin(const Vocabulary& vocabulary, Encoder& encoder, const ContrastReport& report) {
    if (!std::filesystem::exists(options_.checkpoint)) {
      if (options_.associations.empty() && options_.contrast_samples == 0) return {};
      const torch::Tensor& embedding = model_.weights().front().second;
      if (!options_.associations.empty())
        ZUBR_CHECK(associate(options_.associations, vocabulary, encoder, {}, options_.seed, embedding));
      if (options_.contrast_samples > 0) ZUBR_CHECK(sharpen(embedding, encoder.find(kAssistantPiece), report));
      model_.begin_with_similarity();
      model_.begin_output_as_embedding();
      return {};
    }
    ZUBR_TRY(progress, load_checkpoint(options_.checkpoint, model_, &adam_));
    progress_ = progress;
    corpus_.seek(progress_.position);
    return {};
  }

  Result<TrainProgress> run(const TrainReport& report, std::stop_token stop) {
    std::ofstream log;
    if (!options_.log.empty()) log.open(options_.log, std::ios::app);
    const std::int64_t last =
        options_.stop_at > 0 ? std::min(options_.stop_at, options_.schedule.steps) : options_.schedule.steps;
    auto since = Clock::now();
    std::int64_t tokens_before = progress_.tokens;
    double loss_sum = 0, weight_sum = 0;
    TrainProgress view;
    while (progress_.step < last) {
      if (stop.stop_requested()) {
        ZUBR_CHECK(save_checkpoint(options_.checkpoint, model_, adam_, progress_));
        return fail(ErrorCode::kCancelled, "stopped at step {}; run it again to go on", progress_.step);
      }
      ZUBR_TRY(step, train_step());
      loss_sum += step.first;
      weight_sum += step.second;
      if (progress_.step % options_.log_every == 0 || progress_.step == last) {
        const std::chrono::duration<double> passed = Clock::now() - since;
        view = {progress_.step,
                last,
                progress_.tokens,
                loss_sum / weight_sum,
                options_.schedule.at(progress_.step - 1),
                static_cast<double>(progress_.tokens - tokens_before) / passed.count(),
                progress_.skipped};
        if (log.is_open())
          log << fmt::format(R"({{"step":{},"loss":{:.5f},"lr":{:.3e},"tokens":{},"tokens_per_s":{:.0f}}})", view.step,
                             view.loss, view.learning_rate, view.tokens, view.tokens_per_second)
              << std::endl;
        if (report) report(view);
        since = Clock::now();
        tokens_before = progress_.tokens;
        loss_sum = weight_sum = 0;
      }
      if (progress_.step % options_.checkpoint_every == 0 || progress_.step == last)
        ZUBR_CHECK(save_checkpoint(options_.checkpoint, model_, adam_, progress_));
    }
    return view;
  }

 private:
  Result<void> sharpen(const torch::Tensor& embedding, TokenId assistant, const ContrastReport& report) {
    const torch::NoGradGuard no_gradients;
    ContrastOptions contrasting;
    contrasting.samples = options_.contrast_samples;
    contrasting.rate = options_.contrast_rate;
    contrasting.sharpness = options_.contrast_sharpness;
    contrasting.seed = options_.seed;
    ZUBR_CHECK(contrast(corpus_, assistant, contrasting, embedding.size(1),
                        {embedding.data_ptr<float>(), static_cast<std::size_t>(embedding.numel())}, report));
    corpus_.seek({});
    const AssociationOptions sizes;  // the same lengths whichever way a row was made
    embedding.mul_(sizes.row_norm).add_(torch::randn_like(embedding), sizes.noise);
    return {};
  }

  Result<Batch> next_batch() {
    while (true) {
      progress_.position = corpus_.position();
      ZUBR_TRY(sample, corpus_.next());
      if (sample.size() > options_.row_length) {
        ++progress_.skipped;
        if (progress_.skipped > 1000 && progress_.tokens == 0 && packer_.used() == 0)
          return fail(ErrorCode::kTooLarge, "none of {} samples fits a row of {} tokens", progress_.skipped,
                      options_.row_length);
        continue;
      }
      if (packer_.add(sample)) continue;
      corpus_.seek(progress_.position);  // it begins the next batch
      progress_.tokens += packer_.used();
      return packer_.take();
    }
  }

  // The weighted loss and the weights' sum.
  Result<std::pair<double, double>> train_step() {
    ZUBR_TRY(batch, next_batch());
    const auto weight = torch::tensor(at::ArrayRef<float>(batch.weight));
    const double weights = weight.sum().item<double>();
    const auto losses =
        options_.full_share < 0 ? model_.losses(batch) : model_.choice_losses(batch, end_, options_.full_share);
    const auto sum = (losses * weight).sum();
    const double value = sum.item<double>();
    if (!std::isfinite(value))
      return fail(ErrorCode::kInternal,
                  "the loss is not finite at step {}; the last checkpoint is kept, try a lower learning rate",
                  progress_.step);
    (sum / weights).backward();
    adam_.clip(options_.clip);
    adam_.step(progress_.step, options_.schedule.at(progress_.step));
    ++progress_.step;
    return std::pair{value, weights};
  }

  const PretrainOptions& options_;
  TokenId end_;
  Corpus corpus_;
  Llama model_;
  AdamW adam_;
  Packer packer_;
  RunState progress_;
};

Result<Llama> open_model(const std::filesystem::path& file, std::int64_t vocabulary, Precision precision) {
  if (auto gguf = formats::GgufReader::open(file); gguf) {
    ZUBR_TRY(shape, read_shape(*gguf));
    Llama model(shape, dtype(precision));
    ZUBR_CHECK(load_weights(*gguf, model));
    return model;
  }
  if (!std::filesystem::exists(file)) return fail(ErrorCode::kNotFound, "'{}' is not here", file.string());
  const LlamaShape shape = checkpoint_shape(file);
  if (shape.vocabulary != vocabulary)
    return fail(ErrorCode::kInvalidArgument, "checkpoint '{}' has {} tokens, the vocabulary {}", file.string(),
                shape.vocabulary, vocabulary);
  Llama model(shape, dtype(precision));
  ZUBR_CHECK(load_checkpoint(file, model, nullptr));
  return model;
}

}  // namespace

Result<TrainProgress> pretrain(const PretrainOptions& options, const TrainReport& report, std::stop_token stop,
                               const ContrastReport& contrast_report) {
  return guarded("training", kLess, [&]() -> Result<TrainProgress> {
    set_threads(options.threads);
    torch::manual_seed(options.seed);
    ZUBR_TRY(vocabulary, open_vocabulary(options.vocabulary));
    LlamaShape shape = options.shape;
    shape.vocabulary = static_cast<std::int64_t>(vocabulary.pieces.size());
    ZUBR_CHECK(check_shape(shape));
    Encoder encoder(vocabulary);
    ZUBR_TRY(corpus,
             Corpus::open(options.data, encoder, vocabulary, {options.dropout, options.text_weight, options.seed}));
    PretrainRun run(options, shape, std::move(corpus), vocabulary.eos);
    ZUBR_CHECK(run.begin(vocabulary, encoder, contrast_report));
    return run.run(report, stop);
  });
}

Result<void> export_model(const ExportOptions& options) {
  return guarded("exporting", kLess, [&]() -> Result<void> {
    ZUBR_TRY(vocabulary, open_vocabulary(options.vocabulary));
    ZUBR_TRY(model,
             open_model(options.checkpoint, static_cast<std::int64_t>(vocabulary.pieces.size()), Precision::kFloat32));
    return save_model(options.out, model, vocabulary, options.type, options.name);
  });
}

Result<std::map<std::string, SetScore>> measure(const MeasureOptions& options) {
  return guarded("measuring", kLess, [&]() -> Result<std::map<std::string, SetScore>> {
    set_threads(options.threads);
    torch::NoGradGuard no_gradients;
    ZUBR_TRY(vocabulary, open_vocabulary(options.vocabulary));
    ZUBR_TRY(model, open_model(options.model, static_cast<std::int64_t>(vocabulary.pieces.size()), options.precision));
    Encoder encoder(vocabulary);
    ZUBR_TRY(questions, read_questions(options.questions, encoder, vocabulary));
    std::int64_t longest = 1;
    for (const Question& question : questions) longest = std::max(longest, question.sample.size());
    std::map<std::string, SetScore> scores;
    Packer packer(16, std::max<std::int64_t>(longest, 256));
    std::size_t done = 0;
    for (std::size_t next = 0; done < questions.size();) {
      while (next < questions.size() && packer.add(questions[next].sample)) ++next;
      const Batch batch = packer.take();
      const auto losses = model.losses(batch).to(torch::kFloat64).contiguous();
      std::vector<double> log_prob(static_cast<std::size_t>(batch.runs), 0);
      for (std::size_t i = 0; i < batch.owner.size(); ++i)
        log_prob[static_cast<std::size_t>(batch.owner[i])] -= losses.data_ptr<double>()[i];
      for (std::size_t run = 0; done < next; ++done) {
        const auto first = log_prob.begin() + static_cast<std::ptrdiff_t>(run) + 1;
        const auto best = std::max_element(first, first + questions[done].labels) - first;
        SetScore& score = scores[questions[done].set];
        ++score.rows;
        if (best == questions[done].gold) ++score.right;
        run += 1 + static_cast<std::size_t>(questions[done].labels);
      }
    }
    return scores;
  });
}

}  // namespace zubr::train
