// A ggml device that multiplies the matrices of models which asked for it with oneDNN. Everything else of a graph stays
// with ggml's CPU backend, on the same threads and in the same memory.
#pragma once

namespace zubr::engine::onednn {

// Products with fewer rows are left to ggml: reading the weights takes longer than the arithmetic, and ggml's are
// smaller where the model is quantised to less than 8 bits.
inline constexpr int kLeastRows = 3;

// Makes the device known to ggml, once for the process; before the first context is made. Any thread.
void register_device();

}  // namespace zubr::engine::onednn
