#include "engine/llama/self_test.h"

#include <fmt/format.h>
#include <ggml-alloc.h>
#include <ggml-backend.h>
#include <ggml.h>

#include <cmath>
#include <memory>
#include <random>

#include "engine/llama/log_capture.h"

namespace zubr::engine {
namespace {

constexpr int kInner = 512;  // a multiple of 256: every quantization has whole blocks
constexpr int kOutputs = 128;

struct FreeContext {
  void operator()(ggml_context* context) const { ggml_free(context); }
};
struct FreeBuffer {
  void operator()(ggml_backend_buffer* buffer) const { ggml_backend_buffer_free(buffer); }
};
struct FreeBackend {
  void operator()(ggml_backend* backend) const { ggml_backend_free(backend); }
};
using Context = std::unique_ptr<ggml_context, FreeContext>;
using Buffer = std::unique_ptr<ggml_backend_buffer, FreeBuffer>;

Context make_context() {
  return Context(ggml_init(
      {.mem_size = 64 * ggml_tensor_overhead() + ggml_graph_overhead(), .mem_buffer = nullptr, .no_alloc = true}));
}

std::vector<float> random_floats(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

// The quantised weights, and the values that they stand for.
struct Weights {
  std::vector<std::uint8_t> packed;
  std::vector<float> exact;
};

Weights make_weights(ggml_type type) {
  const std::vector<float> values = random_floats(std::size_t{kInner} * kOutputs, 1);
  Weights weights{std::vector<std::uint8_t>(ggml_row_size(type, kInner) * kOutputs), values};
  ggml_quantize_chunk(type, values.data(), weights.packed.data(), 0, kOutputs, kInner, nullptr);
  if (type != GGML_TYPE_F32)
    ggml_get_type_traits(type)->to_float(weights.packed.data(), weights.exact.data(), std::int64_t{kInner} * kOutputs);
  return weights;
}

// The length of the difference over the length of the right answer.
double relative_error(const std::vector<float>& got, const Weights& weights, const std::vector<float>& input) {
  const std::size_t rows = input.size() / kInner;
  double difference = 0, length = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t output = 0; output < kOutputs; ++output) {
      double right = 0;
      for (std::size_t i = 0; i < kInner; ++i)
        right += static_cast<double>(weights.exact[output * kInner + i]) * input[row * kInner + i];
      const double off = got[row * kOutputs + output] - right;
      difference += off * off;
      length += right * right;
    }
  }
  return std::sqrt(difference / length);
}

// None where this kind of buffer has no such product.
std::vector<MatmulCheck> check(ggml_backend_dev_t device, ggml_backend_t backend, ggml_backend_buffer_type_t kind,
                               ggml_type type, int rows) {
  const Context weight_context = make_context(), context = make_context();
  ggml_tensor* weight = ggml_new_tensor_2d(weight_context.get(), type, kInner, kOutputs);
  const Buffer weight_buffer(ggml_backend_alloc_ctx_tensors_from_buft(weight_context.get(), kind));
  if (!weight_buffer) return {};
  ggml_tensor* input = ggml_new_tensor_2d(context.get(), GGML_TYPE_F32, kInner, rows);
  ggml_tensor* product = ggml_mul_mat(context.get(), weight, input);
  if (!ggml_backend_dev_supports_op(device, product)) return {};
  const Buffer buffer(ggml_backend_alloc_ctx_tensors(context.get(), backend));
  if (!buffer) return {};

  const Weights weights = make_weights(type);
  const std::vector<float> values = random_floats(static_cast<std::size_t>(kInner) * rows, 2);
  ggml_backend_tensor_set(weight, weights.packed.data(), 0, weights.packed.size());
  ggml_backend_tensor_set(input, values.data(), 0, values.size() * sizeof(float));
  ggml_cgraph* graph = ggml_new_graph(context.get());
  ggml_build_forward_expand(graph, product);
  MatmulCheck result{fmt::format("{} {} x {}", ggml_backend_buft_name(kind), ggml_type_name(type), rows), false, {}};
  if (ggml_backend_graph_compute(backend, graph) != GGML_STATUS_SUCCESS) {
    result.detail = "the computation failed";
    return {result};
  }
  std::vector<float> got(static_cast<std::size_t>(kOutputs) * rows);
  ggml_backend_tensor_get(product, got.data(), 0, got.size() * sizeof(float));
  // Inputs are rounded to 8 bits beside quantised weights, to 16 or not at all beside others.
  const double limit = ggml_is_quantized(type) ? 0.02 : 0.005;
  const double error = relative_error(got, weights, values);
  result.passed = error <= limit;  // false for NaN
  result.detail = fmt::format("relative error {:.2g}, at most {:.2g}", error, limit);
  return {result};
}

std::vector<ggml_backend_buffer_type_t> buffer_kinds(ggml_backend_dev_t device) {
  std::vector<ggml_backend_buffer_type_t> kinds{ggml_backend_dev_buffer_type(device)};
  const auto extra = reinterpret_cast<ggml_backend_dev_get_extra_bufts_t>(
      ggml_backend_reg_get_proc_address(ggml_backend_dev_backend_reg(device), "ggml_backend_dev_get_extra_bufts"));
  if (extra == nullptr) return kinds;
  for (ggml_backend_buffer_type_t* at = extra(device); at != nullptr && *at != nullptr; ++at) kinds.push_back(*at);
  return kinds;
}

}  // namespace

std::vector<MatmulCheck> check_matmul() {
  initialise_llama();
  const ggml_backend_dev_t device = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
  if (device == nullptr) return {{"matmul", false, "llama.cpp was built without its CPU backend"}};
  const std::unique_ptr<ggml_backend, FreeBackend> backend(ggml_backend_dev_init(device, nullptr));
  if (!backend) return {{"matmul", false, "the CPU backend cannot be started"}};
  std::vector<MatmulCheck> all;
  for (const ggml_backend_buffer_type_t kind : buffer_kinds(device))
    for (const ggml_type type :
         {GGML_TYPE_F32, GGML_TYPE_F16, GGML_TYPE_BF16, GGML_TYPE_Q8_0, GGML_TYPE_Q4_0, GGML_TYPE_Q4_K})
      for (const int rows : {1, 64})
        for (MatmulCheck& result : check(device, backend.get(), kind, type, rows)) all.push_back(std::move(result));
  return all;
}

}  // namespace zubr::engine
