// In what arithmetic a model's large matrix products are done.
#pragma once

namespace zubr::engine {

enum class Compute {
  kGgml,  // llama.cpp's own kernels, on the weights as they are in the file
  kInt8,  // oneDNN, weights and activations rounded to bytes: the fastest
  kBf16,  // oneDNN, rounded to bf16: closer to float
  // As precise as the file is: kInt8 for quantised matrices, kBf16 for others. kGgml where that is not fast on this
  // processor, or wrong (a product is tried), or would take memory that is not there, or where the model is small.
  kAuto,
};

}  // namespace zubr::engine
