#include "train/torch/recompute.h"

namespace zubr::train {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;
using Work = std::function<torch::Tensor(const torch::Tensor&)>;

// What a graph keeps beside tensors has to be one of torch's own values.
struct WorkHolder : torch::CustomClassHolder {
  explicit WorkHolder(Work work_in) : work(std::move(work_in)) {}
  Work work;
};

struct Recompute : torch::autograd::Function<Recompute> {
  // `anchor` wants a gradient, so that this is differentiated even where x does not.
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, const torch::Tensor& anchor,
                               const Work* work) {
    (void)anchor;
    context->save_for_backward({x});
    context->saved_data["work"] = c10::IValue::make_capsule(c10::make_intrusive<WorkHolder>(*work));
    const torch::NoGradGuard no_gradients;
    return (*work)(x);
  }

  static tensor_list backward(AutogradContext* context, const tensor_list& grads) {
    const auto x = context->get_saved_variables()[0].detach().requires_grad_(true);
    const auto holder = context->saved_data["work"].toCapsule();
    const torch::AutoGradMode gradients(true);
    const auto y = static_cast<const WorkHolder&>(*holder).work(x);
    y.backward(grads[0]);
    return {x.grad(), {}, {}};
  }
};

}  // namespace

torch::Tensor recompute(const torch::Tensor& x, const Work& work) {
  return Recompute::apply(x, torch::zeros({}).requires_grad_(true), &work);
}

}  // namespace zubr::train
