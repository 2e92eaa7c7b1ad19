// RoutedModel: a model behind the Router as a Backend. RoutedHost: the Router as a ModelHost, for whoever takes models
// by name (the server, bulk): names that the Router knows are borrowed as RoutedModels, at no cost and at once.
//
// What needs the model's vocabulary or logits on this machine (labels, tokens) is kUnsupported: it is asked of the
// local ModelHost instead.
//
// Threads: as Backend and ModelHost. Ownership: both share the Router.
#pragma once

#include <functional>
#include <memory>

#include "inference/backend.h"
#include "inference/model_host.h"
#include "router/router.h"

namespace zubr::router {

class RoutedModel : public inference::Backend {
 public:
  // `told` gets the record of every request, on its thread, before the call returns; may be empty.
  using Told = std::function<void(const RouteRecord&)>;
  RoutedModel(std::shared_ptr<Router> router, Route route, Told told = {})
      : router_(std::move(router)), route_(std::move(route)), told_(std::move(told)) {}

  inference::ModelInfo info() const override;
  Result<inference::Generation> generate(const inference::GenerateRequest& request, const inference::EventSink& sink,
                                         std::stop_token stop) override;
  Result<std::vector<Result<inference::Embedding>>> embed(const inference::EmbedRequest& request,
                                                          std::stop_token stop) override;
  Result<std::unique_ptr<inference::LabelScorer>> open_labels(const inference::LabelTask& task,
                                                              std::stop_token stop) override;
  Result<std::vector<std::string>> label_codes(std::size_t count) override;

 private:
  std::shared_ptr<Router> router_;
  Route route_;
  Told told_;
};

class RoutedHost : public inference::ModelHost {
 public:
  // `route`: rules, policy and payer of everything that is asked through this host; its models stand in for what is
  // borrowed. `local`: names that it resolves are borrowed from it as they are, without the Router; null: there is
  // none.
  RoutedHost(std::shared_ptr<Router> router, Route route, std::shared_ptr<inference::ModelHost> local)
      : router_(std::move(router)), route_(std::move(route)), local_(std::move(local)) {}

  // kNotFound where neither knows the name; whatever nobody() says where rules leave nobody.
  Result<std::shared_ptr<inference::Backend>> borrow(const inference::ModelWish& wish, std::stop_token stop) override;
  Result<std::string> resolve(const std::string& name) const override;
  // Of this machine: what is elsewhere is never loaded.
  std::vector<inference::LoadedModel> loaded() const override;
  bool unload(const std::string& name) override;
  void on_unload(std::function<void(const inference::Backend&)> listener) override;

 private:
  std::shared_ptr<Router> router_;
  Route route_;
  std::shared_ptr<inference::ModelHost> local_;
};

}  // namespace zubr::router
