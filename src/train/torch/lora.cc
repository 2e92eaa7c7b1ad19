#include "train/torch/lora.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "core/atomic_file.h"

namespace zubr::train {
namespace {

bool is_target(const std::string& name, const LoraOptions& options) {
  const auto& targets = options.targets.empty() ? kLoraTargets : options.targets;
  return std::ranges::any_of(targets,
                             [&](const std::string& target) { return name.ends_with("." + target + ".weight"); });
}

std::vector<float> numbers(const torch::Tensor& tensor) {
  const auto values = tensor.detach().to(torch::kFloat32).contiguous();
  const float* from = values.data_ptr<float>();
  return {from, from + values.numel()};
}

std::int64_t read_number(torch::serialize::InputArchive& archive, const std::string& key) {
  c10::IValue value;
  archive.read(key, value);
  return value.toInt();
}

}  // namespace

Result<std::vector<torch::Tensor>> add_adapters(Llama& model, const LoraOptions& options) {
  std::vector<torch::Tensor> tensors;
  for (auto& [name, p] : model.projections()) {
    if (!is_target(name, options)) continue;
    const double bound = 1 / std::sqrt(static_cast<double>(p->inputs()));
    p->a = torch::rand({options.rank, p->inputs()}).mul_(2 * bound).sub_(bound).set_requires_grad(true);
    p->b = torch::zeros({p->outputs(), options.rank}).set_requires_grad(true);
    p->scale = options.scale();
    p->dropout = options.dropout;
    tensors.push_back(p->a);
    tensors.push_back(p->b);
  }
  if (tensors.empty()) return fail(ErrorCode::kUnsupported, "the model has none of the matrices that --targets names");
  return tensors;
}

Adapter adapter_of(Llama& model, const LoraOptions& options) {
  Adapter adapter{model.shape(), options, {}};
  for (const auto& [name, p] : model.projections())
    if (p->a.defined())
      adapter.matrices.push_back({name, p->inputs(), p->outputs(), p->a.size(0), numbers(p->a), numbers(p->b)});
  return adapter;
}

Result<void> save_tune(const std::filesystem::path& file, const std::vector<torch::Tensor>& tensors, AdamW* adam,
                       const TuneState& state) {
  torch::serialize::OutputArchive archive;
  archive.write("tensors", c10::IValue(static_cast<std::int64_t>(tensors.size())));
  archive.write("step", c10::IValue(state.step));
  archive.write("tokens", c10::IValue(state.tokens));
  archive.write("best_loss", c10::IValue(state.best_loss));
  archive.write("best_step", c10::IValue(state.best_step));
  archive.write("worse", c10::IValue(state.worse));
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto number = std::to_string(i);
    archive.write("w" + number, tensors[i].detach());
    if (!adam) continue;
    archive.write("m" + number, adam->first()[i]);
    archive.write("v" + number, adam->second()[i]);
  }
  std::ostringstream bytes;
  archive.save_to(bytes);
  ZUBR_TRY(out, core::AtomicFile::create(file));
  ZUBR_CHECK(out.write(bytes.view()));
  return out.commit();
}

Result<TuneState> load_tune(const std::filesystem::path& file, std::vector<torch::Tensor>& tensors, AdamW* adam) {
  const torch::NoGradGuard no_gradients;
  torch::serialize::InputArchive archive;
  archive.load_from(file.string());
  const auto other = [&] {
    return fail(ErrorCode::kCorrupt, "'{}' is of another run; give --restart to begin anew", file.string());
  };
  if (read_number(archive, "tensors") != std::ssize(tensors)) return other();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto number = std::to_string(i);
    torch::Tensor w, m, v;
    archive.read("w" + number, w);
    if (w.sizes() != tensors[i].sizes()) return other();
    tensors[i].copy_(w);
    if (!adam) continue;
    archive.read("m" + number, m);
    archive.read("v" + number, v);
    adam->first()[i].copy_(m);
    adam->second()[i].copy_(v);
  }
  TuneState state;
  state.step = read_number(archive, "step");
  state.tokens = read_number(archive, "tokens");
  state.best_step = read_number(archive, "best_step");
  state.worse = read_number(archive, "worse");
  c10::IValue best;
  archive.read("best_loss", best);
  state.best_loss = best.toDouble();
  return state;
}

}  // namespace zubr::train
