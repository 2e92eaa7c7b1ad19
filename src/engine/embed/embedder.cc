#include "engine/embed/embedder.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "engine/embed/owner_thread.h"
#include "engine/embed/pooling.h"
#include "engine/llama/context.h"

namespace zubr::engine {
namespace {

using inference::Embedding;

constexpr int kLongestWholeText = 8192;  // the buffers of one evaluation grow with it
constexpr const char* kNoPooling = "0";
constexpr const char* kRanking = "4";

std::string pooling_type(const Model& model) {
  return model.meta(model.architecture() + ".pooling_type").value_or(kNoPooling);
}

// A text on its way. A long one may take several steps.
struct Text {
  std::size_t index = 0;
  Tokens tokens;
  std::size_t done = 0;
  MeanPool pool;
};

}  // namespace

struct Embedder::State {
  std::shared_ptr<const Model> model;
  EmbedderOptions options;
  bool pools = false;  // the model makes the vector of a text by itself
  bool whole = false;  // a text has to be evaluated in one piece
  int max_tokens = 0;
  std::mutex start_mutex;
  std::unique_ptr<OwnerThread> thread;  // guarded by start_mutex until made
  std::unique_ptr<Context> context;     // the thread's
  Batch batch;                          // the thread's

  OwnerThread& started() {
    const std::lock_guard lock(start_mutex);
    if (!thread) thread = std::make_unique<OwnerThread>();
    return *thread;
  }

  ~State() {
    if (thread) thread->run([this] { context.reset(); });
  }

  void forget_all() {
    for (int sequence = 0; sequence < options.texts_per_step; ++sequence) context->remove_sequence(sequence);
  }
  Result<void> open_context();
  Result<void> evaluate(std::vector<Text>& texts, std::span<Result<Embedding>> results, std::stop_token stop);
  std::size_t fill(std::vector<Text>& texts, std::size_t begin);
  Result<void> collect(std::span<Text> texts, std::span<Result<Embedding>> results);
};

Embedder::Embedder(std::shared_ptr<const Model> model, EmbedderOptions options) : state_(std::make_unique<State>()) {
  State& state = *state_;
  state.pools = pooling_type(*model) != kNoPooling;
  state.whole = state.pools || !model->is_causal() || model->has_encoder();
  state.max_tokens = std::max(1, model->context_tokens());
  if (state.whole) state.max_tokens = std::min(state.max_tokens, kLongestWholeText);
  options.step_tokens = std::max(options.step_tokens, options.texts_per_step);
  if (state.whole) options.step_tokens = std::max(options.step_tokens, state.max_tokens);
  // llama.cpp plans for batches of a multiple of the number of sequences; with another size, planning for models that
  // take the mean by themselves ends in an assertion (a matrix product of unlike shapes).
  const int rest = options.step_tokens % options.texts_per_step;
  if (rest > 0) options.step_tokens += options.texts_per_step - rest;
  state.options = options;
  state.model = std::move(model);
}

Embedder::~Embedder() = default;

int Embedder::max_tokens() const { return state_->max_tokens; }

bool Embedder::supported() const {
  const Model& model = *state_->model;
  const bool two_halves = model.has_encoder() && model.architecture() != "t5encoder";
  return model.has_weights() && pooling_type(model) != kRanking && !two_halves && !model.is_diffusion();
}

Result<void> Embedder::State::open_context() {
  if (context) return {};
  const std::int64_t all = std::int64_t{max_tokens} + options.step_tokens;
  ZUBR_TRY(made, Context::create(model, {.cells = static_cast<int>(all),
                                         .batch_tokens = options.step_tokens,
                                         .micro_batch = whole ? options.step_tokens : 512,
                                         .sequences = options.texts_per_step,
                                         .embeddings = true}));
  context = std::move(made);
  return {};
}

// Puts texts from `begin` on into the batch, each a sequence of its own; returns how many. A text that is too long for
// what is left waits, but the first one always goes in, as far as it fits.
std::size_t Embedder::State::fill(std::vector<Text>& texts, std::size_t begin) {
  batch.clear();
  std::size_t count = 0;
  while (begin + count < texts.size() && count < static_cast<std::size_t>(options.texts_per_step)) {
    Text& text = texts[begin + count];
    const std::size_t room = static_cast<std::size_t>(options.step_tokens - batch.size());
    const std::size_t left = text.tokens.size() - text.done;
    if (count > 0 && left > room) break;
    const std::size_t take = std::min(left, room);
    for (std::size_t i = text.done; i < text.done + take; ++i)
      batch.add(text.tokens[i], static_cast<int>(i), static_cast<int>(count), true);
    text.done += take;
    ++count;
  }
  return count;
}

// Reads the vectors of the tokens just evaluated; finishes the texts that are complete.
Result<void> Embedder::State::collect(std::span<Text> texts, std::span<Result<Embedding>> results) {
  int index = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    Text& text = texts[i];
    std::vector<float> values;
    if (pools) {
      const auto pooled = context->pooled_embedding(static_cast<int>(i));
      values.assign(pooled.begin(), pooled.end());
    } else {
      for (; text.pool.count() < static_cast<int>(text.done); ++index) {
        const auto vector = context->embedding(index);
        if (vector.empty()) break;
        text.pool.add(vector);
      }
      if (text.pool.count() == static_cast<int>(text.tokens.size())) values = text.pool.mean();
    }
    if (text.done < text.tokens.size()) continue;
    const bool usable =
        !values.empty() && std::ranges::all_of(values, [](float value) { return std::isfinite(value); });
    if (!usable) return fail(ErrorCode::kInternal, "the model '{}' gave no embedding", model->name());
    results[text.index] = Embedding{std::move(values), std::ssize(text.tokens)};
  }
  return {};
}

Result<void> Embedder::State::evaluate(std::vector<Text>& texts, std::span<Result<Embedding>> results,
                                       std::stop_token stop) {
  ZUBR_CHECK(open_context());
  // Texts of like length together: a step then holds whole texts and is well filled.
  std::ranges::stable_sort(texts, {}, [](const Text& text) { return text.tokens.size(); });
  for (std::size_t begin = 0; begin < texts.size();) {
    const std::size_t count = fill(texts, begin);
    ZUBR_CHECK(context->decode(batch, stop));
    ZUBR_CHECK(collect(std::span(texts).subspan(begin, count), results));
    const bool unfinished = texts[begin].done < texts[begin].tokens.size();
    if (unfinished) continue;  // it is alone in its step, and stays in its sequence
    for (std::size_t sequence = 0; sequence < count; ++sequence) context->remove_sequence(static_cast<int>(sequence));
    begin += count;
  }
  return {};
}

Result<std::vector<Result<Embedding>>> Embedder::embed(const inference::EmbedRequest& request, std::stop_token stop) {
  State& state = *state_;
  if (!supported())
    return fail(ErrorCode::kUnsupported, "the model '{}' has no embeddings of texts; use an embedding model",
                state.model->name());
  std::vector<Result<Embedding>> results(request.texts.size(), Result<Embedding>(Embedding{}));
  std::vector<Text> texts;
  for (std::size_t i = 0; i < request.texts.size(); ++i) {
    auto tokens = state.model->tokenizer().tokenize(request.texts[i], {.add_special = true, .parse_special = false});
    if (!tokens) {
      results[i] = fail(tokens.error());
    } else if (tokens->empty()) {
      results[i] = fail(ErrorCode::kInvalidArgument, "the text is empty, so it has no embedding");
    } else if (std::ssize(*tokens) > state.max_tokens) {
      results[i] =
          fail(ErrorCode::kTooLarge, "the text has {} tokens, an embedding of '{}' takes at most {}; shorten it",
               tokens->size(), state.model->name(), state.max_tokens);
    } else {
      texts.push_back({.index = i, .tokens = std::move(*tokens), .done = 0, .pool = {}});
    }
  }
  if (texts.empty()) return results;
  Result<void> outcome;
  state.started().run([&] {
    outcome = state.evaluate(texts, results, stop);
    if (!outcome && state.context) state.forget_all();
  });
  if (!outcome) return fail(outcome.error());
  if (request.normalize) {
    for (Result<Embedding>& result : results) {
      if (result) normalize(result->values);
    }
  }
  return results;
}

}  // namespace zubr::engine
