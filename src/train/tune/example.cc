#include "train/tune/example.h"

#include <algorithm>

#include "engine/llama/chat_template.h"
#include "engine/llama/model.h"

namespace zubr::train {
namespace {

using engine::PromptPiece;
using inference::Message;
using inference::Role;

// What is left of a rendered conversation behind its first `skip` bytes. Blanks that a piece of the template ends with
// belong to the word after them, as where the model is asked for labels.
std::vector<PromptPiece> rest_of(const std::vector<PromptPiece>& pieces, std::size_t skip) {
  std::vector<PromptPiece> rest;
  for (const PromptPiece& piece : pieces) {
    const std::size_t cut = std::min(skip, piece.text.size());
    skip -= cut;
    if (cut == piece.text.size()) continue;
    PromptPiece part{piece.text.substr(cut), piece.from_template};
    if (!rest.empty() && rest.back().from_template && !part.from_template) {
      std::string& before = rest.back().text;
      const auto blanks = before.size() - std::min(before.size(), before.find_last_not_of(' ') + 1);
      part.text.insert(0, blanks, ' ');
      before.resize(before.size() - blanks);
    }
    rest.push_back(std::move(part));
  }
  return rest;
}

std::uint64_t key_of(std::span<const Message> messages) {
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  const auto put = [&](unsigned char c) { hash = (hash ^ c) * 1099511628211ULL; };
  for (const Message& message : messages) {
    put(static_cast<unsigned char>(message.role));
    bool blank = true;
    for (const char c : message.content) {
      const bool now = c == ' ' || c == '\n' || c == '\t' || c == '\r';
      if (!now) {
        if (blank) put(' ');
        put(static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c));
      }
      blank = now;
    }
  }
  return hash;
}

}  // namespace

Sample sample_of(const Example& example) {
  Sample sample;
  Run& run = sample.trunk;
  run.tokens = example.prompt;
  run.tokens.insert(run.tokens.end(), example.answer.begin(), example.answer.end());
  run.weights.assign(example.prompt.size(), 0.0F);
  run.weights.insert(run.weights.end(), example.answer.size(), 1.0F);
  return sample;
}

struct ExampleMaker::Parts {
  std::shared_ptr<const engine::Model> model;
  std::shared_ptr<const engine::ChatTemplate> chat;

  Result<void> append(const PromptPiece& piece, std::vector<TokenId>& tokens) const {
    ZUBR_TRY(more, model->tokenizer().tokenize_continuation(piece.text, piece.from_template));
    tokens.insert(tokens.end(), more.begin(), more.end());
    return {};
  }

  // Nothing after the token that ends an answer is ever generated, so nothing there is learned.
  void end(std::vector<TokenId>& answer) const {
    const auto& tokenizer = model->tokenizer();
    const auto at = std::ranges::find_if(answer, [&](TokenId token) { return tokenizer.is_end(token); });
    if (at != answer.end()) {
      answer.erase(at + 1, answer.end());
    } else if (tokenizer.end_of_answer() != engine::kNoToken) {
      answer.push_back(tokenizer.end_of_answer());
    }
  }
};

Result<ExampleMaker> ExampleMaker::open(const std::filesystem::path& file) {
  auto parts = std::make_shared<Parts>();
  ZUBR_TRY(model, engine::Model::load_vocabulary(file));
  parts->model = model;
  ZUBR_TRY(chat, engine::ChatTemplate::create(model));
  parts->chat = chat;
  return ExampleMaker(std::move(parts));
}

bool ExampleMaker::has_template() const { return parts_->chat->present(); }
int ExampleMaker::context_tokens() const { return parts_->model->context_train(); }
std::string ExampleMaker::text(std::span<const TokenId> tokens) const {
  return parts_->model->tokenizer().detokenize(tokens, true);
}

Result<Example> ExampleMaker::example(std::span<const Message> before, const Message& answer) const {
  Example made;
  made.key = key_of(before);
  const auto& tokenizer = parts_->model->tokenizer();
  if (!has_template()) {
    if (before.size() != 1 || before[0].role != Role::kUser)
      return fail(ErrorCode::kUnsupported,
                  "the model has no chat template, so only a prompt and its answer can be used");
    ZUBR_TRY(prompt, tokenizer.tokenize_start(before[0].content, false));
    made.prompt = std::move(prompt);
    ZUBR_CHECK(parts_->append({answer.content, false}, made.answer));
    parts_->end(made.answer);
    return made;
  }
  ZUBR_TRY(asked, parts_->chat->render(before));
  std::vector<Message> whole(before.begin(), before.end());
  whole.push_back(answer);
  ZUBR_TRY(told, parts_->chat->render(whole, {.add_generation_prompt = false}));
  ZUBR_TRY(prompt, engine::tokenize_prompt(tokenizer, asked));
  made.prompt = std::move(prompt);
  const std::string opening = asked.text();
  if (told.text().starts_with(opening)) {
    for (const PromptPiece& piece : rest_of(told.pieces, opening.size()))
      ZUBR_CHECK(parts_->append(piece, made.answer));
  } else {  // the template opens an answer in another way than it tells a past one
    ZUBR_CHECK(parts_->append({answer.content, false}, made.answer));
  }
  parts_->end(made.answer);
  return made;
}

Result<std::vector<Example>> ExampleMaker::examples(const Dialogue& dialogue) const {
  std::vector<Example> made;
  const std::span<const Message> messages(dialogue.messages);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (messages[i].role != Role::kAssistant) continue;
    ZUBR_TRY(one, example(messages.first(i), messages[i]));
    one.row = dialogue.row;
    made.push_back(std::move(one));
  }
  return made;
}

}  // namespace zubr::train
