#include "core/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace zubr::core {
namespace {

spdlog::logger& logger() {
  static spdlog::logger instance = [] {
    spdlog::logger made("zubr", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made.set_pattern("%Y-%m-%dT%H:%M:%S.%e %l: %v");
    made.set_level(spdlog::level::warn);
    made.flush_on(spdlog::level::trace);
    return made;
  }();
  return instance;
}

spdlog::level::level_enum level_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarn: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
    case LogLevel::kOff: return spdlog::level::off;
  }
  return spdlog::level::off;
}

}  // namespace

bool set_log_level(std::string_view name) {
  for (const auto& [known, level] : {std::pair{"debug", LogLevel::kDebug},
                                     {"info", LogLevel::kInfo},
                                     {"warn", LogLevel::kWarn},
                                     {"error", LogLevel::kError},
                                     {"off", LogLevel::kOff}}) {
    if (name != known) continue;
    logger().set_level(level_of(level));
    return true;
  }
  return false;
}

bool log_enabled(LogLevel level) { return level != LogLevel::kOff && logger().should_log(level_of(level)); }

void log_line(LogLevel level, std::string_view line) {
  logger().log(level_of(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace zubr::core
