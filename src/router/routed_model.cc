#include "router/routed_model.h"

#include <algorithm>

namespace zubr::router {

inference::ModelInfo RoutedModel::info() const {
  inference::ModelInfo info;
  info.name = route_.models.empty() ? std::string() : route_.models.front();
  info.description = message("routed");
  const auto decision = router_->explain(route_, {});
  if (!decision) return info;
  providers::Features features = 0;
  std::int64_t context = 0;
  for (const Choice& choice : decision->choices) {
    features |= choice.endpoint.features;
    context = std::max(context, choice.endpoint.context.value_or(0));
  }
  info.can_generate = (features & (providers::kChat | providers::kCompletions)) != 0;
  info.has_chat_template = (features & providers::kChat) != 0;
  info.can_embed = (features & providers::kEmbeddings) != 0;
  info.can_infill = (features & providers::kSuffix) != 0;
  info.template_has_tools = (features & providers::kTools) != 0;
  info.template_has_thinking = (features & providers::kReasoning) != 0;
  info.context_tokens = static_cast<int>(std::min<std::int64_t>(context, 1 << 30));
  return info;
}

Result<inference::Generation> RoutedModel::generate(const inference::GenerateRequest& request,
                                                    const inference::EventSink& sink, std::stop_token stop) {
  RouteRecord record;
  auto answer = router_->generate(route_, request, sink, std::move(stop), record);
  if (told_) told_(record);
  return answer;
}

Result<std::vector<Result<inference::Embedding>>> RoutedModel::embed(const inference::EmbedRequest& request,
                                                                     std::stop_token stop) {
  RouteRecord record;
  auto vectors = router_->embed(route_, request, std::move(stop), record);
  if (told_) told_(record);
  return vectors;
}

Result<std::unique_ptr<inference::LabelScorer>> RoutedModel::open_labels(const inference::LabelTask&, std::stop_token) {
  return fail(ErrorCode::kUnsupported, "labels are scored with models on this machine only");
}

Result<std::vector<std::string>> RoutedModel::label_codes(std::size_t) {
  return fail(ErrorCode::kUnsupported, "labels are scored with models on this machine only");
}

Result<std::shared_ptr<inference::Backend>> RoutedHost::borrow(const inference::ModelWish& wish, std::stop_token stop) {
  if (local_ && local_->resolve(wish.name)) return local_->borrow(wish, stop);
  ZUBR_TRY(name, resolve(wish.name));
  Route route = route_;
  route.models.insert(route.models.begin(), std::move(name));
  return std::make_shared<RoutedModel>(router_, std::move(route));
}

Result<std::string> RoutedHost::resolve(const std::string& name) const {
  if (local_)
    if (auto local = local_->resolve(name)) return local;
  if (name.empty()) return fail(ErrorCode::kInvalidArgument, "no model is named, and there is none on this machine");
  Route route = route_;
  route.models.insert(route.models.begin(), name);
  ZUBR_TRY(decision, router_->explain(route, {}));
  // Who rests now may answer by the time that it is asked.
  const bool resting = std::ranges::any_of(
      decision.losers, [](const Loser& loser) { return loser.rejection.refusal == Refusal::kUnhealthy; });
  if (decision.choices.empty() && !resting) return fail(nobody(decision));
  return name;
}

std::vector<inference::LoadedModel> RoutedHost::loaded() const {
  return local_ ? local_->loaded() : std::vector<inference::LoadedModel>();
}

bool RoutedHost::unload(const std::string& name) { return local_ && local_->unload(name); }

void RoutedHost::on_unload(std::function<void(const inference::Backend&)> listener) {
  if (local_) local_->on_unload(std::move(listener));
}

}  // namespace zubr::router
