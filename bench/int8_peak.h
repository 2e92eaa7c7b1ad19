// What the processor's 8-bit products could do at most.
#pragma once

namespace zubr::bench {

// Operations a second (a multiplication and an addition are two) of `threads` threads that do nothing but AVX512-VNNI
// products on registers, for a fifth of a second; 0 where the program was not compiled for such a processor.
double int8_peak(int threads);

}  // namespace zubr::bench
