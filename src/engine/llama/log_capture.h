// llama.cpp and ggml say why something failed only in their log. This keeps the log away from the terminal and keeps
// the last complaints, so that an error message can quote them.
//
//   LogCapture log;
//   … call into llama.cpp on this thread …
//   if (failed) return fail(ErrorCode::kCorrupt, "…: {}", log.complaint());
//
// Threads: a capture sees what is logged on the thread that made it, while it lives; captures nest (the innermost one
// sees it). initialise_llama() may be called from any thread, any number of times.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace zubr::engine {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Starts llama.cpp's backends and takes over its log. Everything in engine/ that calls llama.cpp comes after a Model,
// whose load() does this.
void initialise_llama();

// Where the log goes (for a --verbose); none by default. Call before the first load; the sink is called from any
// thread.
void set_llama_log(std::function<void(LogLevel, std::string_view)> sink);

class LogCapture {
 public:
  // `watch` sees every piece of a line as it comes. It may throw where llama.cpp catches.
  using Watch = std::function<void(LogLevel, std::string_view)>;
  explicit LogCapture(Watch watch = {});
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  // The most telling of the error lines so far, without the function names llama.cpp puts in front; "" when there is
  // none.
  std::string complaint() const;
  const std::vector<std::string>& lines() const { return lines_; }

  void add(LogLevel level, std::string_view text);

 private:
  LogCapture* outer_;
  Watch watch_;
  bool continues_error_ = false;
  std::vector<std::string> lines_;  // errors, at most kMaxLines
};

}  // namespace zubr::engine
