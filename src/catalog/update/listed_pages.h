// A source whose pages are known beforehand: one per name of a sorted list. Only for the clients.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "catalog/update/source_client.h"

namespace zubr::catalog {

class ListedPages : public SourceClient {
 public:
  std::string first() const override { return names_.empty() ? std::string() : names_.front(); }
  // By order, so that a list that changed since an interrupted run still leads on.
  Result<std::string> next(const std::string& position, const net::HttpResponse&, std::size_t) const override {
    const auto after = std::ranges::upper_bound(names_, position);
    return after == names_.end() ? std::string() : *after;
  }
  std::int64_t expected() const override { return static_cast<std::int64_t>(names_.size()); }

 protected:
  void set_names(std::vector<std::string> names) {
    names_ = std::move(names);
    std::ranges::sort(names_);
    names_.erase(std::unique(names_.begin(), names_.end()), names_.end());
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
};

}  // namespace zubr::catalog
