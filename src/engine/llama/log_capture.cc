#include "engine/llama/log_capture.h"

#include <llama.h>
#include <log.h>
#include <mtmd-helper.h>
#include <mtmd.h>

#include <mutex>

namespace zubr::engine {
namespace {

constexpr std::size_t kMaxLines = 16;
constexpr std::size_t kMaxLineBytes = 400;

thread_local LogCapture* current_capture = nullptr;

struct Sink {
  std::mutex mutex;
  std::function<void(LogLevel, std::string_view)> write;
};

Sink& sink() {
  static Sink* instance = new Sink;  // never destroyed: ggml may log from threads that outlive main()
  return *instance;
}

void receive(ggml_log_level level, const char* text, void*) {
  static thread_local LogLevel last = LogLevel::kInfo;
  switch (level) {
    case GGML_LOG_LEVEL_ERROR: last = LogLevel::kError; break;
    case GGML_LOG_LEVEL_WARN: last = LogLevel::kWarning; break;
    case GGML_LOG_LEVEL_INFO: last = LogLevel::kInfo; break;
    case GGML_LOG_LEVEL_CONT: break;
    default: last = LogLevel::kDebug; break;
  }
  if (current_capture) current_capture->add(last, text);
  std::lock_guard lock(sink().mutex);
  if (sink().write) sink().write(last, text);
}

std::string without_function_names(std::string_view line) {
  // "llama_model_load: error loading model: …" → "error loading model: …"
  while (true) {
    const auto colon = line.find(": ");
    if (colon == std::string_view::npos) break;
    const auto head = line.substr(0, colon);
    const bool looks_like_name = head.find(' ') == std::string_view::npos && head.find('_') != std::string_view::npos;
    if (!looks_like_name) break;
    line.remove_prefix(colon + 2);
  }
  return std::string(line);
}

}  // namespace

void initialise_llama() {
  static std::once_flag once;
  std::call_once(once, [] {
    llama_log_set(receive, nullptr);
    mtmd_log_set(receive, nullptr);
    mtmd_helper_log_set(receive, nullptr);
    common_log_set_verbosity_thold(-1);
    llama_backend_init();
  });
}

void set_llama_log(std::function<void(LogLevel, std::string_view)> write) {
  std::lock_guard lock(sink().mutex);
  sink().write = std::move(write);
}

LogCapture::LogCapture(Watch watch) : outer_(current_capture), watch_(std::move(watch)) { current_capture = this; }
LogCapture::~LogCapture() { current_capture = outer_; }

void LogCapture::add(LogLevel level, std::string_view text) {
  if (watch_) watch_(level, text);
  if (level != LogLevel::kError) {
    continues_error_ = false;
    return;
  }
  const bool ends = !text.empty() && text.back() == '\n';
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  text = text.substr(0, kMaxLineBytes);
  if (continues_error_ && !lines_.empty()) {
    lines_.back() += text;
  } else if (!text.empty()) {
    if (lines_.size() == kMaxLines) lines_.erase(lines_.begin());
    lines_.emplace_back(text);
  }
  continues_error_ = !ends;
}

std::string LogCapture::complaint() const {
  // The first line names the cause; the ones after it say that the caller failed too.
  return lines_.empty() ? std::string() : without_function_names(lines_.front());
}

}  // namespace zubr::engine
