#include "engine/onednn/kernel.h"

#include <map>
#include <mutex>
#include <shared_mutex>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace zubr::engine::onednn {
namespace {

using Type = dnnl::memory::data_type;
using Tag = dnnl::memory::format_tag;

// The rows that the packed layout is asked for with: where a kernel works best.
constexpr std::int64_t kUsualRows = 60;

const dnnl::engine& cpu() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

Type weight_type(Precision precision) { return precision == Precision::kInt8 ? Type::s8 : Type::bf16; }
// Unsigned: what AVX512-VNNI multiplies signed bytes with, and oneDNN packs the weights for it ten times faster.
Type input_type(Precision precision) { return precision == Precision::kInt8 ? Type::u8 : Type::bf16; }
Type product_type(Precision precision) { return precision == Precision::kInt8 ? Type::s32 : Type::f32; }

dnnl::primitive_attr own_scratchpad() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

dnnl::matmul::primitive_desc describe(const KernelShape& shape, const dnnl::memory::desc& packed) {
  const dnnl::memory::desc in({shape.rows, shape.inner}, input_type(shape.precision), Tag::ab);
  // oneDNN 2.6 has no fast product into a matrix with other columns between the rows.
  const dnnl::memory::desc out({shape.rows, shape.columns}, product_type(shape.precision), Tag::ab);
  return {dnnl::matmul::desc(in, packed, out), own_scratchpad(), cpu()};
}

// What one thread needs to run a kernel: oneDNN's handles, pointed at other memory for each call.
struct Lane {
  dnnl::memory in, packed, out, scratchpad;
  std::unordered_map<int, dnnl::memory> arguments;
};

struct ThreadState {
  dnnl::stream stream{cpu()};
  std::unordered_map<const Kernel*, Lane> lanes;
};

ThreadState& of_this_thread() {
  static thread_local ThreadState state;
  return state;
}

// Made once for each key; never taken away, so references stay good.
template <typename Key, typename Value>
class Registry {
 public:
  template <typename Make>
  const Value& get(const Key& key, const Make& make) {
    {
      const std::shared_lock lock(mutex_);
      const auto found = values_.find(key);
      if (found != values_.end()) return *found->second;
    }
    const std::unique_lock lock(mutex_);
    auto& value = values_[key];
    if (!value) value = make();
    return *value;
  }

 private:
  std::shared_mutex mutex_;
  std::map<Key, std::unique_ptr<Value>> values_;  // guarded by mutex_
};

}  // namespace

Kernel::Kernel(const KernelShape& shape)
    : shape_(shape),
      description_(describe(shape, layout_of(shape.precision, shape.inner, shape.columns).description())),
      primitive_(description_) {}

bool Kernel::is_reference() const { return implementation().find("ref") != std::string::npos; }

void Kernel::run(const void* in, const void* packed, void* out) const {
  ThreadState& state = of_this_thread();
  const auto [found, is_new] = state.lanes.try_emplace(this);
  Lane& lane = found->second;
  if (is_new) {
    lane.in = dnnl::memory(description_.src_desc(), cpu(), nullptr);
    lane.packed = dnnl::memory(description_.weights_desc(), cpu(), nullptr);
    lane.out = dnnl::memory(description_.dst_desc(), cpu(), nullptr);
    lane.scratchpad = dnnl::memory(description_.scratchpad_desc(), cpu());
    lane.arguments = {{DNNL_ARG_SRC, lane.in},
                      {DNNL_ARG_WEIGHTS, lane.packed},
                      {DNNL_ARG_DST, lane.out},
                      {DNNL_ARG_SCRATCHPAD, lane.scratchpad}};
  }
  lane.in.set_data_handle(const_cast<void*>(in));
  lane.packed.set_data_handle(const_cast<void*>(packed));
  lane.out.set_data_handle(out);
  primitive_.execute(state.stream, lane.arguments);
}

const Kernel& kernel_of(const KernelShape& shape) {
  static Registry<KernelShape, Kernel> kernels;
  return kernels.get(shape, [&] { return std::make_unique<Kernel>(shape); });
}

PackedLayout::PackedLayout(Precision precision, std::int64_t inner, std::int64_t columns)
    : precision_(precision), inner_(inner), columns_(columns) {
  const dnnl::memory::desc any({inner, columns}, weight_type(precision), Tag::any);
  description_ = describe({precision, kUsualRows, inner, columns}, any).weights_desc();
}

void PackedLayout::pack(const void* plain, void* packed) const {
  const dnnl::memory::desc as_rows({inner_, columns_}, weight_type(precision_), Tag::ba);
  dnnl::memory from(as_rows, cpu(), const_cast<void*>(plain));
  dnnl::memory to(description_, cpu(), packed);
  dnnl::stream& stream = of_this_thread().stream;
  dnnl::reorder(from, to).execute(stream, from, to);
  stream.wait();
}

const PackedLayout& layout_of(Precision precision, std::int64_t inner, std::int64_t columns) {
  using Key = std::tuple<Precision, std::int64_t, std::int64_t>;
  static Registry<Key, PackedLayout> layouts;
  return layouts.get(Key{precision, inner, columns},
                     [&] { return std::make_unique<PackedLayout>(precision, inner, columns); });
}

}  // namespace zubr::engine::onednn
