// The parameters of one question, taken out one by one; what is left over was not known. Only for desk.cc.
#pragma once

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "catalog/answers/desk.h"

namespace zubr::catalog {

class Asked {
 public:
  explicit Asked(const Desk::Parameters& parameters) : parameters_(parameters), used_(parameters.size()) {}

  // The last of that name; empty where there is none.
  std::string text(std::string_view name) {
    const auto all = texts(name);
    return all.empty() ? std::string() : all.back();
  }
  std::vector<std::string> texts(std::string_view name) {
    known_.emplace_back(name);
    std::vector<std::string> all;
    for (std::size_t i = 0; i < parameters_.size(); ++i)
      if (parameters_[i].first == name) {
        used_[i] = true;
        all.push_back(parameters_[i].second);
      }
    return all;
  }
  bool flag(std::string_view name) {
    const auto all = texts(name);
    if (all.empty()) return false;
    const std::string& value = all.back();
    if (!value.empty() && value != "true" && value != "1" && value != "false" && value != "0")
      wrong_ = message("{} '{}' is neither true nor false", name, value);
    return value.empty() || value == "true" || value == "1";
  }
  int number(std::string_view name, int fallback, int most) {
    const std::string value = text(name);
    if (value.empty()) return fallback;
    int parsed = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed);
    if (error != std::errc() || end != value.data() + value.size() || parsed < 1 || parsed > most)
      wrong_ = message("{} '{}' is not a whole number from 1 to {}", name, value, most);
    return parsed;
  }

  // After everything was taken.
  Result<void> check() const {
    if (!wrong_.empty()) return fail(Error(ErrorCode::kInvalidArgument, wrong_));
    for (std::size_t i = 0; i < parameters_.size(); ++i)
      if (!used_[i])
        return fail(ErrorCode::kInvalidArgument, "there is no parameter '{}'; there are: {}", parameters_[i].first,
                    fmt::join(known_, ", "));
    return {};
  }

 private:
  const Desk::Parameters& parameters_;
  std::vector<bool> used_;
  std::vector<std::string> known_;
  std::string wrong_;
};

}  // namespace zubr::catalog
