#include "cli/chat.h"

#include <charconv>
#include <istream>
#include <limits>
#include <ostream>

#include "cli/exit_code.h"
#include "core/utf8.h"

namespace zubr::cli {
namespace {

using inference::Message;
using inference::Role;

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

void show_help(std::ostream& err) {
  err << message("/clear forgets the conversation so far, /bye (or Ctrl-D) ends it, Ctrl-C stops an answer") << "\n";
}

}  // namespace

Result<std::uint32_t> parse_seed(std::string_view text) {
  std::uint32_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || end != text.data() + text.size())
    return fail(ErrorCode::kInvalidArgument, "--seed: '{}' is not a whole number from 0 to {}", text,
                std::numeric_limits<std::uint32_t>::max());
  return seed;
}

Result<std::string> stream_answer(inference::Backend& backend, const inference::GenerateRequest& request,
                                  Session& session) {
  std::string said;
  const auto sink = [&](const inference::Event& event) {
    const auto* delta = std::get_if<inference::TextDelta>(&event);
    if (delta == nullptr) return;
    session.console.out << delta->text << std::flush;
    said += delta->text;
  };
  auto answer = backend.generate(request, sink, session.interrupt.token());
  if (!said.empty() && said.back() != '\n') session.console.out << "\n" << std::flush;
  if (!answer) return fail(std::move(answer).error());
  return std::move(answer)->text;
}

Result<int> chat_loop(inference::Backend& backend, inference::GenerateRequest request, Session& session) {
  const std::vector<Message> beginning = request.messages;
  std::ostream& err = session.console.err;
  show_help(err);
  for (std::string typed; err << ">>> " << std::flush, std::getline(session.console.in, typed);) {
    const std::string line = trimmed(typed);
    session.interrupt.reset();
    if (line.empty()) continue;
    if (line == "/bye" || line == "/exit" || line == "/quit") return kExitOk;
    if (line == "/clear") {
      request.messages = beginning;
      continue;
    }
    if (line.front() == '/' && line.find(' ') == std::string::npos) {
      show_help(err);
      continue;
    }
    request.messages.push_back({Role::kUser, core::utf8_replace(line)});
    auto answer = stream_answer(backend, request, session);
    if (answer) {
      request.messages.push_back({Role::kAssistant, std::move(*answer)});
      continue;
    }
    request.messages.pop_back();
    if (answer.error().code() == ErrorCode::kCancelled) {
      session.interrupt.reset();
      err << message("(stopped)") << "\n";
    } else {
      err << "zubr: " << answer.error().message() << "\n";
    }
  }
  err << "\n";
  return kExitOk;
}

}  // namespace zubr::cli
