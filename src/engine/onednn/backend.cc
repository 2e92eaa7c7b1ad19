#include "engine/onednn/backend.h"

#include <ggml-backend-impl.h>
#include <ggml-backend.h>
#include <ggml-cpu.h>
#include <ggml.h>

#include <cstring>
#include <dnnl.hpp>
#include <mutex>
#include <new>

#include "engine/onednn/weight_registry.h"

// The functions that ggml calls, and the tables it finds them in. None may throw.
namespace zubr::engine::onednn {
namespace {

struct State {
  int threads = 1;
  Activations activations;
};

bool is_view_or_nothing(ggml_op op) {
  return op == GGML_OP_NONE || op == GGML_OP_RESHAPE || op == GGML_OP_VIEW || op == GGML_OP_PERMUTE ||
         op == GGML_OP_TRANSPOSE;
}

bool takes_product(const ggml_tensor* product) {
  const ggml_tensor *weight = product->src[0], *input = product->src[1];
  if (!WeightRegistry::instance().contains(weight)) return false;
  return input->type == GGML_TYPE_F32 && product->type == GGML_TYPE_F32 && input->ne[1] >= kLeastRows &&
         input->ne[2] == 1 && input->ne[3] == 1 && input->nb[0] == sizeof(float) && product->nb[0] == sizeof(float);
}

// The last activations that were made ready: the same tensor of a graph is not computed twice.
struct Prepared {
  const ggml_tensor* input = nullptr;
  Precision precision = Precision::kInt8;
};

void multiply(State& state, const ggml_tensor* product, Prepared& prepared) {
  const std::shared_ptr<const PackedWeight> weight = WeightRegistry::instance().find(product->src[0]);
  const ggml_tensor* input = product->src[1];
  if (prepared.input != input || prepared.precision != weight->precision()) {
    state.activations.prepare(weight->precision(), static_cast<const float*>(input->data), input->ne[1], input->ne[0],
                              input->nb[1] / sizeof(float), state.threads);
    prepared = {input, weight->precision()};
  }
  weight->multiply(state.activations, static_cast<float*>(product->data), product->nb[1] / sizeof(float),
                   state.threads);
}

const char* backend_name(ggml_backend_t /*backend*/) { return "oneDNN"; }

void free_backend(ggml_backend_t backend) {
  delete static_cast<State*>(backend->context);
  delete backend;
}

ggml_status compute(ggml_backend_t backend, ggml_cgraph* graph) {
  Prepared prepared;
  try {
    for (int i = 0; i < ggml_graph_n_nodes(graph); ++i) {
      const ggml_tensor* node = ggml_graph_node(graph, i);
      if (node->op == GGML_OP_MUL_MAT) {
        multiply(*static_cast<State*>(backend->context), node, prepared);
      } else if (!is_view_or_nothing(node->op)) {
        return GGML_STATUS_FAILED;
      }
    }
  } catch (const std::bad_alloc&) {
    return GGML_STATUS_ALLOC_FAILED;
  } catch (const std::exception&) {
    return GGML_STATUS_FAILED;
  }
  return GGML_STATUS_SUCCESS;
}

ggml_guid_t guid() {
  static ggml_guid value = {'z', 'u', 'b', 'r', ' ', 'o', 'n', 'e', 'D', 'N', 'N', ' ', '2', 0, 0, 1};
  return &value;
}

void set_threads(ggml_backend_t backend, int threads) { static_cast<State*>(backend->context)->threads = threads; }

const char* device_name(ggml_backend_dev_t /*device*/) { return "oneDNN"; }
const char* device_description(ggml_backend_dev_t /*device*/) { return "matrix products on the CPU by oneDNN"; }

void device_memory(ggml_backend_dev_t /*device*/, std::size_t* free, std::size_t* total) { *free = *total = 0; }

enum ggml_backend_dev_type device_type(ggml_backend_dev_t /*device*/) { return GGML_BACKEND_DEVICE_TYPE_ACCEL; }

void device_properties(ggml_backend_dev_t device, ggml_backend_dev_props* properties) {
  properties->name = device_name(device);
  properties->description = device_description(device);
  properties->type = device_type(device);
  device_memory(device, &properties->memory_free, &properties->memory_total);
  properties->caps = {};
  properties->caps.buffer_from_host_ptr = true;
  properties->caps.mmap_support = true;
}

ggml_backend_t make_backend(ggml_backend_dev_t device, const char* /*parameters*/) {
  static ggml_backend_i functions = [] {
    ggml_backend_i table{};
    table.get_name = backend_name;
    table.free = free_backend;
    table.graph_compute = compute;
    return table;
  }();
  return new (std::nothrow) ggml_backend{guid(), functions, device, new (std::nothrow) State};
}

ggml_backend_buffer_type_t buffer_type(ggml_backend_dev_t /*device*/) { return ggml_backend_cpu_buffer_type(); }

ggml_backend_buffer_t buffer_of(ggml_backend_dev_t /*device*/, void* memory, std::size_t size, std::size_t /*most*/) {
  return ggml_backend_cpu_buffer_from_ptr(memory, size);
}

bool supports_op(ggml_backend_dev_t /*device*/, const ggml_tensor* op) {
  return is_view_or_nothing(op->op) || (op->op == GGML_OP_MUL_MAT && takes_product(op));
}

bool supports_buffer(ggml_backend_dev_t /*device*/, ggml_backend_buffer_type_t type) {
  return ggml_backend_buft_is_host(type);
}

const char* registry_name(ggml_backend_reg_t /*registry*/) { return "oneDNN"; }
std::size_t device_count(ggml_backend_reg_t /*registry*/) { return 1; }

ggml_backend_dev_t device_at(ggml_backend_reg_t registry, std::size_t /*index*/) {
  static ggml_backend_device device = [registry] {
    ggml_backend_device made{};
    made.iface.get_name = device_name;
    made.iface.get_description = device_description;
    made.iface.get_memory = device_memory;
    made.iface.get_type = device_type;
    made.iface.get_props = device_properties;
    made.iface.init_backend = make_backend;
    made.iface.get_buffer_type = buffer_type;
    made.iface.buffer_from_host_ptr = buffer_of;
    made.iface.supports_op = supports_op;
    made.iface.supports_buft = supports_buffer;
    made.reg = registry;
    return made;
  }();
  return &device;
}

void* address_of(ggml_backend_reg_t /*registry*/, const char* name) {
  return std::strcmp(name, "ggml_backend_set_n_threads") == 0 ? reinterpret_cast<void*>(set_threads) : nullptr;
}

}  // namespace

void register_device() {
  static std::once_flag once;
  std::call_once(once, [] {
    static ggml_backend_reg registry{
        GGML_BACKEND_API_VERSION, {registry_name, device_count, device_at, address_of}, nullptr};
    ggml_backend_register(&registry);
  });
}

}  // namespace zubr::engine::onednn
