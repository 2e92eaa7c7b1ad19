#include "engine/generate/drafter.h"

#include <algorithm>

namespace zubr::engine {

void apply(Context& context, const CacheChange& change) {
  switch (change.kind) {
    case CacheChange::Kind::kForget: return context.remove_sequence(change.sequence);
    case CacheChange::Kind::kCopy: return context.copy_sequence(change.from, change.sequence, change.tokens);
    case CacheChange::Kind::kCut: context.truncate_sequence(change.sequence, change.tokens);
  }
}

Result<void> check_same_vocabulary(const Model& large, const Model& small) {
  const auto differ = [&](const std::string& how) {
    return fail(ErrorCode::kInvalidArgument, "'{}' cannot draft for '{}': {}; take a model of the same family",
                small.name(), large.name(), how);
  };
  if (!small.can_generate()) return differ("it cannot generate text");
  if (large.tokenizer().size() != small.tokenizer().size())
    return differ(fmt::format("it has {} tokens, not {}", small.tokenizer().size(), large.tokenizer().size()));
  for (Token token = 0; token < large.tokenizer().size(); ++token) {
    if (large.tokenizer().piece(token, true) != small.tokenizer().piece(token, true))
      return differ(fmt::format("its token {} is another one", token));
  }
  return {};
}

Result<std::unique_ptr<Drafter>> Drafter::create(const Model& large, std::shared_ptr<const Model> small,
                                                 const ContextOptions& like, int drafts) {
  ZUBR_CHECK(check_same_vocabulary(large, *small));
  if (small->is_recurrent() || small->is_hybrid())
    return fail(ErrorCode::kInvalidArgument, "'{}' cannot draft: its state cannot be cut back", small->name());
  ContextOptions options = like;
  options.cells += like.sequences * drafts;  // guesses
  options.outputs = like.sequences;
  ZUBR_TRY(context, Context::create(small, options));
  return std::unique_ptr<Drafter>(new Drafter(std::move(small), std::move(context), drafts));
}

Result<void> Drafter::follow(const Step& step, std::stop_token stop) {
  for (const CacheChange& change : step.changes) apply(*context_, change);
  batch_.clear();
  for (const Feed& feed : step.feeds) {
    for (std::size_t i = 0; i < feed.tokens.size(); ++i)
      batch_.add(feed.tokens[i], feed.position + static_cast<int>(i), feed.sequence, false);
  }
  return batch_.empty() ? Result<void>() : context_->decode(batch_, stop);
}

Result<std::map<RequestId, Tokens>> Drafter::guess(std::span<const Answering> answers, std::stop_token stop) {
  std::map<RequestId, Tokens> guesses;
  std::vector<Answering> open(answers.begin(), answers.end());
  for (const Answering& answer : answers) context_->truncate_sequence(answer.sequence, answer.position);
  for (int round = 0; round < drafts_; ++round) {
    std::erase_if(open, [round](const Answering& answer) { return answer.room <= round + 1; });
    if (open.empty()) break;
    batch_.clear();
    for (const Answering& answer : open) {
      const Tokens& said = guesses[answer.id];
      batch_.add(said.empty() ? answer.last : said.back(), answer.position + round, answer.sequence, true);
    }
    ZUBR_CHECK(context_->decode(batch_, stop));
    int index = 0;
    std::erase_if(open, [&](const Answering& answer) {
      const auto logits = context_->logits(index++);
      const auto token = static_cast<Token>(std::ranges::max_element(logits) - logits.begin());
      if (model_->tokenizer().is_end(token)) return true;
      guesses[answer.id].push_back(token);
      return false;
    });
  }
  // They come again with the step in which they are checked.
  for (const Answering& answer : answers) context_->truncate_sequence(answer.sequence, answer.position);
  return guesses;
}

}  // namespace zubr::engine
