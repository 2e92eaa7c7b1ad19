// torch reports everything by exceptions; this is where they end. Includes torch: only for train/torch/.
#pragma once

#include <torch/torch.h>

#include <algorithm>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <thread>

#include "core/result.h"

namespace zubr::train {

// `less`: what to do when memory runs out.
template <typename Work>
auto guarded(std::string_view what, std::string_view less, Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::kOutOfMemory, "{} does not fit into memory; {}", what, less);
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    if (text.find("alloc") != std::string::npos)
      return fail(ErrorCode::kOutOfMemory, "{} does not fit into memory; {}", what, less);
    return fail(ErrorCode::kInternal, "{} failed in torch: {}", what, text);
  } catch (const std::exception& error) {
    return fail(ErrorCode::kInternal, "{} failed: {}", what, error.what());
  }
}

// 0 = one per core.
inline void set_threads(int threads) {
  at::set_num_threads(threads > 0 ? threads : static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
}

}  // namespace zubr::train
