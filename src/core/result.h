// Result<T>: a value or an Error. Exceptions of third-party code stop in the folder that includes it.
//
//   Result<Model> open(const ModelRef& ref);
//   ZUBR_TRY(model, open(ref));      // `model` on success, returns the error from this function otherwise
//   ZUBR_CHECK(store.remove(name));  // for Result<void>
#pragma once

#include <tl/expected.hpp>

#include <utility>

#include "core/error.h"
#include "core/message.h"

namespace zubr::core {

template <typename T>
using Result = tl::expected<T, Error>;

// fail(ErrorCode::kNotFound, "model '{}' is not here; run: zubr models list", name)
template <typename... Args>
tl::unexpected<Error> fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected<Error>(Error(code, message(format, std::forward<Args>(args)...)));
}

inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace zubr::core

namespace zubr {
using core::fail;
using core::Result;
}  // namespace zubr

#define ZUBR_CONCAT_(a, b) a##b
#define ZUBR_CONCAT(a, b) ZUBR_CONCAT_(a, b)
#define ZUBR_TRY(name, expression) ZUBR_TRY_(ZUBR_CONCAT(result_, __LINE__), name, expression)
#define ZUBR_TRY_(result, name, expression)                                       \
  auto result = (expression);                                                     \
  if (!result) return ::zubr::core::fail(std::move(result).error()); /* NOLINT */ \
  auto name = std::move(result).value()                              /* NOLINT */
#define ZUBR_CHECK(expression)                                                                \
  do {                                                                                        \
    if (auto checked_ = (expression); !checked_) return ::zubr::core::fail(checked_.error()); \
  } while (false)
