#include "engine/media/media_generator.h"

#include <algorithm>
#include <set>

#include "engine/generate/answer_limits.h"
#include "engine/generate/stop_filter.h"
#include "engine/generate/top_logprobs.h"
#include "engine/llama/sampler.h"

namespace zubr::engine {

using inference::EventSink;
using inference::FinishReason;
using inference::GenerateRequest;
using inference::Generation;
using Clock = std::chrono::steady_clock;

namespace {

constexpr int kBatchTokens = 1024;  // a picture whose parts see each other has to fit into one

Result<void> check_time(const std::stop_token& stop, Clock::time_point deadline) {
  if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
  if (Clock::now() >= deadline)
    return fail(ErrorCode::kTimeout, "the answer was not whole at its deadline; ask for less or give it more time");
  return {};
}

}  // namespace

// First come, first served; who goes away loses their place.
class MediaGenerator::Turn {
 public:
  static Result<std::unique_ptr<Turn>> wait(MediaGenerator& owner, std::stop_token stop) {
    std::unique_lock lock(owner.mutex_);
    const std::uint64_t ticket = owner.next_ticket_++;
    owner.waiting_.insert(ticket);
    owner.changed_.wait(lock, stop, [&] { return !owner.busy_ && *owner.waiting_.begin() == ticket; });
    owner.waiting_.erase(ticket);
    if (stop.stop_requested()) {
      owner.changed_.notify_all();
      return fail(ErrorCode::kCancelled, "stopped");
    }
    owner.busy_ = true;
    return std::unique_ptr<Turn>(new Turn(owner));
  }
  ~Turn() {
    const std::lock_guard lock(owner_.mutex_);
    owner_.busy_ = false;
    owner_.changed_.notify_all();
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  explicit Turn(MediaGenerator& owner) : owner_(owner) {}
  MediaGenerator& owner_;
};

// A prompt whose media are read.
struct MediaGenerator::Prepared {
  struct Part {
    Tokens tokens;
    std::optional<ReadMedia> media = std::nullopt;
  };
  std::vector<Part> parts;
  int tokens = 0;

  std::span<const Token> last_text() const { return parts.back().tokens; }
};

// What becomes of the sampled tokens: text up to a stop string, and what the caller hears of it.
class MediaGenerator::Answer {
 public:
  Answer(const Tokenizer& tokenizer, const GenerateRequest& request, std::vector<Token> shown, const EventSink& sink)
      : text_(tokenizer), filter_(request.stop), sink_(sink) {
    text_.show(std::move(shown));
  }

  Generation result;

  // False when a stop string was found.
  bool push(Token token, std::optional<inference::TokenLogprobs> logprobs) {
    ++result.usage.completion_tokens;
    if (logprobs) unsaid_.push_back(*std::move(logprobs));
    emit(filter_.push(text_.push(token)));
    return !filter_.stopped();
  }
  void finish(FinishReason reason) {
    emit(filter_.push(text_.finish()));
    if (filter_.stopped()) reason = FinishReason::kStop;
    emit(filter_.finish());
    result.stop = filter_.found();
    result.finish = reason;
  }

 private:
  void emit(std::string text) {
    if (text.empty()) return;
    result.text += text;
    result.logprobs.insert(result.logprobs.end(), unsaid_.begin(), unsaid_.end());
    if (sink_) sink_(inference::TextDelta{std::move(text), unsaid_});
    unsaid_.clear();
  }

  DetokenizeStream text_;
  StopFilter filter_;
  const EventSink& sink_;
  std::vector<inference::TokenLogprobs> unsaid_;  // of tokens whose text is held back
};

Result<MediaGenerator::Prepared> MediaGenerator::prepare(std::vector<PromptPart> parts,
                                                         const GenerateRequest& request) {
  Prepared prepared;
  std::size_t media = 0;
  for (PromptPart& part : parts) {
    if (part.medium.empty()) {
      prepared.tokens += static_cast<int>(part.tokens.size());
      prepared.parts.push_back({std::move(part.tokens)});
      continue;
    }
    if (++media > kMaxMedia)
      return fail(ErrorCode::kInvalidArgument, "the prompt has more than {} pictures and sounds", kMaxMedia);
    ZUBR_TRY(read, reader_->read(part.medium));
    prepared.tokens += read.tokens();
    prepared.parts.push_back({{}, std::move(read)});
  }
  if (prepared.parts.back().media)
    return fail(ErrorCode::kUnsupported, "the chat template of '{}' ends with a picture; there is nothing to answer",
                model_->name());
  const int wanted = request.context_tokens;
  const int context = wanted > 0 ? std::min(wanted, context_tokens_) : context_tokens_;
  if (prepared.tokens > context)
    return fail(ErrorCode::kTooLarge,
                "the prompt has {} tokens with its pictures and sounds, the context of '{}' has {}; shorten it",
                prepared.tokens, model_->name(), context);
  return prepared;
}

// Returns the position behind the prompt; the logits are those of its last token.
Result<int> MediaGenerator::evaluate(const Prepared& prepared, const EventSink& sink, std::stop_token stop,
                                     Clock::time_point deadline) {
  int position = 0;
  std::int64_t evaluated = 0;
  for (const Prepared::Part& part : prepared.parts) {
    ZUBR_CHECK(check_time(stop, deadline));
    if (part.media) {
      ZUBR_TRY(behind, reader_->evaluate(*part.media, *context_, position, 0));
      position = behind;
      evaluated += part.media->tokens();
    }
    for (std::size_t done = 0; done < part.tokens.size();) {
      const std::size_t count = std::min<std::size_t>(part.tokens.size() - done, kBatchTokens);
      batch_.clear();
      for (std::size_t i = 0; i < count; ++i) {
        const bool last = &part == &prepared.parts.back() && done + i + 1 == part.tokens.size();
        batch_.add(part.tokens[done + i], position++, 0, last);
      }
      ZUBR_CHECK(context_->decode(batch_, stop));
      done += count;
    }
    evaluated += std::ssize(part.tokens);
    if (sink) sink(inference::PromptProgress{evaluated, prepared.tokens});
  }
  return position;
}

Result<Generation> MediaGenerator::generate(std::vector<PromptPart> parts, const GenerateRequest& request,
                                            const EventSink& sink, std::stop_token stop, GrammarSpec grammar) {
  if (!request.adapters.empty())
    return fail(ErrorCode::kUnsupported, "adapters are not applied to prompts with pictures or sounds");
  ZUBR_CHECK(check_stops(request.stop));
  if (request.json_schema && grammar.text.empty()) {
    ZUBR_TRY(compiled, grammars_.grammar(*request.json_schema));
    grammar.text = std::move(compiled);
  }
  ZUBR_TRY(sampler, Sampler::create(model_, request.sampling, grammar));
  ZUBR_TRY(turn, Turn::wait(*this, stop));
  const auto begun = Clock::now();
  const auto deadline = request.deadline.value_or(Clock::time_point::max());
  ZUBR_TRY(prepared, prepare(std::move(parts), request));
  if (!context_) {
    ZUBR_TRY(made, Context::create(model_, {.cells = context_tokens_, .batch_tokens = kBatchTokens, .outputs = 1}));
    context_ = std::move(made);
  }
  context_->clear();
  Answer answer(model_->tokenizer(), request, std::move(grammar.shown), sink);
  answer.result.usage.prompt_tokens = prepared.tokens;
  if (request.max_tokens == 0) {
    answer.result.finish = FinishReason::kLength;
    return std::move(answer.result);
  }
  const auto text = prepared.last_text();
  sampler->accept_prompt(text.last(std::min<std::size_t>(text.size(), kPenaltyWindow)));
  ZUBR_TRY(position, evaluate(prepared, sink, stop, deadline));
  answer.result.prompt_time = Clock::now() - begun;
  const auto answering = Clock::now();
  const int room = context_tokens_ - prepared.tokens;
  const int most = request.max_tokens < 0 ? room : std::min(request.max_tokens, room);
  FinishReason reason = FinishReason::kLength;
  for (int said = 0; said < most; ++said) {
    ZUBR_CHECK(check_time(stop, deadline));
    const int index = batch_.size() - 1;
    ZUBR_TRY(token, sampler->sample(context_->handle(), index));
    if (model_->tokenizer().is_end(token)) {
      reason = FinishReason::kStop;
      break;
    }
    std::optional<inference::TokenLogprobs> logprobs;
    if (request.top_logprobs >= 0)
      logprobs = read_logprobs(context_->logits(index), token, std::min(request.top_logprobs, kMaxTopLogprobs),
                               model_->tokenizer());
    if (!answer.push(token, std::move(logprobs))) break;
    if (said + 1 == most) break;
    batch_.clear();
    batch_.add(token, position++, 0, true);
    ZUBR_CHECK(context_->decode(batch_, stop));
  }
  answer.finish(reason);
  answer.result.completion_time = Clock::now() - answering;
  return std::move(answer.result);
}

}  // namespace zubr::engine
