// Messages to a prompt, with the Jinja template that a model carries.
//
// What comes from outside stays text: the prompt is a list of pieces, and only the template's own pieces may become
// control tokens when they are tokenised. So a message that says "<|im_end|>" cannot end its turn.
//
// Threads: immutable after create(); render() may be called from any thread. Keeps its Model alive.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"
#include "engine/chat/answer_format.h"
#include "engine/llama/grammar.h"
#include "engine/llama/model.h"
#include "inference/generation.h"

namespace zubr::engine {

struct PromptPiece {
  std::string text;
  bool from_template = true;  // may hold control tokens
  bool medium = false;        // the text is the bytes of a picture or a sound
};

struct RenderedPrompt {
  std::vector<PromptPiece> pieces;

  std::string text() const;  // all of it but media, for people and for prompts that are cut elsewhere
  bool has_media() const;
};

struct RenderOptions {
  bool add_generation_prompt = true;  // end with what opens the assistant's turn
  bool thinking = false;              // leave room for a chain of thought, where the template knows one
  // Join the contents with blank lines when the model has no template (a base model), instead of an error.
  bool plain_text_without_template = false;
};

// A prompt whose answer has parts, and how to hold it to them and tell them apart.
struct ChatPlan {
  RenderedPrompt prompt;
  GrammarSpec grammar = {};
  std::shared_ptr<const AnswerFormat> format = nullptr;  // null: what the model writes is the answer
  std::vector<std::string> stops = {};
};

class ChatTemplate {
 public:
  // kCorrupt when the template cannot be parsed. A model without one is fine here. `source`: Jinja, instead of the
  // model's own.
  static Result<std::shared_ptr<const ChatTemplate>> create(std::shared_ptr<const Model> model,
                                                            const std::string& source = "");
  ~ChatTemplate();
  ChatTemplate(const ChatTemplate&) = delete;
  ChatTemplate& operator=(const ChatTemplate&) = delete;

  bool present() const;  // the model has a template

  // What the template knows of; false without one.
  bool has_tools() const { return has_tools_; }
  bool has_thinking() const { return has_thinking_; }
  bool has_system_role() const { return has_system_role_; }

  // For a request with tools or room for thoughts; the template has to know them. Tool definitions and the arguments of
  // calls become part of the template's own text.
  Result<ChatPlan> plan(const inference::GenerateRequest& request) const;

  // kInvalidArgument: no messages, or the template refuses them (it says why). kUnsupported: no template, or one that
  // has no place for a message.
  Result<RenderedPrompt> render(std::span<const inference::Message> messages, const RenderOptions& options = {}) const;

 private:
  struct Parsed;
  ChatTemplate();
  Result<std::string> apply(std::span<const inference::Message> messages, const RenderOptions& options) const;

  std::shared_ptr<const Model> model_;
  std::unique_ptr<Parsed> parsed_;
  bool has_tools_ = false, has_thinking_ = false, has_system_role_ = false;
};

// The tokens of a rendered prompt, with the model's begin-of-text token where it wants one. Without its media.
Result<Tokens> tokenize_prompt(const Tokenizer& tokenizer, const RenderedPrompt& prompt);

// The same as parts: tokens, and the bytes of media between them.
struct PromptPart {
  Tokens tokens = {};       // empty: a medium
  std::string medium = {};  // its bytes
};
Result<std::vector<PromptPart>> tokenize_parts(const Tokenizer& tokenizer, RenderedPrompt prompt);

}  // namespace zubr::engine
