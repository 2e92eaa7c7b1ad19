// A Modelfile: how a model is used, as a text (https://docs.ollama.com/modelfile). `zubr create` reads one, the store
// keeps one beside every model that has something to say, `zubr show --modelfile` prints it.
//
//   FROM llama3.2                      a model, a GGUF file, a folder; a second FROM is the projector of a vision model
//   PARAMETER temperature 0.2          see model_parameters.h
//   SYSTEM """several
//   lines"""
//   TEMPLATE … ADAPTER file LICENSE … MESSAGE user … REQUIRES 0.14.0
//
// An instruction begins a line, in any case and order; '#' begins a line that is skipped. A value ends with its line,
// or, quoted, at the first closing quote with nothing behind it on its line. There are no escapes.
//
// Pure; parse_modelfile() and modelfile_text() are inverses for everything that either accepts.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"

namespace zubr::models {

struct ModelfileMessage {
  std::string role;  // "system", "user" or "assistant"
  std::string content;
  bool operator==(const ModelfileMessage&) const = default;
};

struct Modelfile {
  std::vector<std::string> from = {};
  std::vector<std::pair<std::string, std::string>> parameters = {};  // in order; some names may come several times
  std::string chat_template = {};                                    // of Go's text/template, or Jinja
  std::string system = {};
  std::vector<std::string> adapters = {};
  std::vector<std::string> licenses = {};
  std::vector<ModelfileMessage> messages = {};
  std::string needs_version = {};  // REQUIRES
  bool operator==(const Modelfile&) const = default;

  bool empty() const { return *this == Modelfile{}; }
};

inline constexpr std::size_t kMaxModelfileBytes = 4 << 20;

// kInvalidArgument names the line and what is wrong: an instruction that does not exist, one without a value, a quote
// that is never closed, a role that does not exist, no UTF-8. FROM may be missing here.
Result<Modelfile> parse_modelfile(std::string_view text);

// kInvalidArgument for a value that cannot be written: one with """ at the end of a line that is not its last.
Result<std::string> modelfile_text(const Modelfile& file);

}  // namespace zubr::models
