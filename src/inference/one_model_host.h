// A ModelHost of one model that is there and stays.
//
// Threads: as ModelHost. Ownership: the Backend must outlive the host and everything borrowed from it.
#pragma once

#include "inference/model_host.h"

namespace zubr::inference {

class OneModelHost : public ModelHost {
 public:
  explicit OneModelHost(Backend& backend) : backend_(backend), info_(backend.info()) {}

  Result<std::shared_ptr<Backend>> borrow(const ModelWish& wish, std::stop_token stop) override;
  Result<std::string> resolve(const std::string& name) const override;
  std::vector<LoadedModel> loaded() const override;
  bool unload(const std::string&) override { return false; }
  void on_unload(std::function<void(const Backend&)>) override {}

 private:
  Backend& backend_;
  const ModelInfo info_;  // asked once: info() may block
};

}  // namespace zubr::inference
