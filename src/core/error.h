// Errors as values: one closed set of codes that callers branch on, and a message for the person who reads it.
//
// A message names what failed, the value, and what to do about it. It never carries a secret and never the content of
// a prompt or an answer. Thread-safe: plain values.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace zubr::core {

enum class ErrorCode {
  kInvalidArgument,   // the caller asked for something that cannot be: bad option, bad JSON, unknown column
  kNotFound,          // a file, model, column … that is not there
  kAlreadyExists,     // would overwrite something
  kCorrupt,           // data from outside is damaged, truncated or hostile
  kUnsupported,       // well formed, but not something this program (or model) can do
  kTooLarge,          // over a stated limit: a context, a body, a cell
  kPermissionDenied,  // the operating system or a key's scope says no
  kUnauthenticated,   // no key, or not a valid one
  kIo,                // reading or writing failed
  kDiskFull,          // no space left
  kOutOfMemory,       // it does not fit into memory
  kNetwork,           // a connection failed or broke
  kTimeout,           // a deadline passed
  kUnavailable,       // busy or down, try later
  kRateLimited,       // too many requests
  kBudgetExceeded,    // would cost more than is allowed
  kPrivacy,           // nothing that is private enough can serve it
  kCancelled,         // the user or the caller stopped it
  kInternal,          // a defect of this program
};

// "invalid_argument", "not_found" …: stable names for logs, JSON and the documentation.
std::string_view error_name(ErrorCode code);

class [[nodiscard]] Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // "while reading keywords.csv: <message>"
  Error context(std::string_view what) const;

 private:
  ErrorCode code_;
  std::string message_;
};

}  // namespace zubr::core

namespace zubr {
using core::Error;
using core::ErrorCode;
}  // namespace zubr
