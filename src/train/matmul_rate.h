// How fast torch multiplies matrices on this machine: what a training run is held against. No torch in this header.
#pragma once

namespace zubr::train {

// Floating-point operations a second of x W', x: [tokens, width], W: [width, width], best of `rounds`. `threads`: 0 =
// one per core.
double matmul_rate(bool bfloat16, int threads, int tokens = 2048, int width = 2048, int rounds = 5);

}  // namespace zubr::train
