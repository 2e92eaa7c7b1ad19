#include "engine/llama/adapters.h"

#include <fmt/ranges.h>

#include <cmath>
#include <exception>
#include <ranges>

#include "engine/llama/handles.h"
#include "engine/llama/log_capture.h"

namespace zubr::engine {
namespace {

constexpr std::size_t kMostSets = 1024;

// What the model itself was opened with: goes under everything.
std::vector<llama_adapter_lora*> own_adapters(const auto& model) {
  if constexpr (requires { model.adapters(); }) return model.adapters();
  return {};
}

}  // namespace

Result<llama_adapter_lora*> Adapters::load(const std::string& name) {
  if (const auto known = loaded_.find(name); known != loaded_.end()) return known->second;
  const auto file = files_.find(name);
  if (file == files_.end())
    return fail(ErrorCode::kNotFound, "the model '{}' has no adapter '{}'; it has: {}", model_->name(), name,
                files_.empty() ? "none" : fmt::format("{}", fmt::join(files_ | std::views::keys, ", ")));
  std::error_code error;
  if (!std::filesystem::is_regular_file(file->second, error))
    return fail(ErrorCode::kNotFound, "the adapter '{}' is not at {}", name, file->second.string());
  LogCapture log;
  llama_adapter_lora* adapter = nullptr;
  std::string thrown;
  try {
    adapter = llama_adapter_lora_init(model_->handle(), file->second.c_str());
  } catch (const std::exception& wrong) {
    thrown = wrong.what();
  }
  if (!adapter)
    return fail(ErrorCode::kCorrupt, "the adapter '{}' ({}) is none for the model '{}': {}", name,
                file->second.string(), model_->name(), thrown.empty() ? log.complaint() : thrown);
  loaded_[name] = adapter;
  return adapter;
}

Result<Flavour> Adapters::flavour(const std::vector<inference::AdapterChoice>& choices) {
  std::map<std::string, float> wanted;
  for (const inference::AdapterChoice& choice : choices) {
    if (!std::isfinite(choice.scale))
      return fail(ErrorCode::kInvalidArgument, "the scale of the adapter '{}' is not a number", choice.name);
    if (!wanted.emplace(choice.name, choice.scale).second)
      return fail(ErrorCode::kInvalidArgument, "the adapter '{}' is named twice", choice.name);
  }
  const std::lock_guard lock(mutex_);
  Set set;
  for (const auto& [name, scale] : wanted) {
    ZUBR_TRY(adapter, load(name));
    set.emplace_back(adapter, scale);
  }
  std::erase_if(wanted, [](const auto& entry) { return entry.second == 0; });
  if (wanted.empty()) return Flavour{0};
  if (const auto known = flavours_.find(wanted); known != flavours_.end()) return known->second;
  if (sets_.size() > kMostSets)
    return fail(ErrorCode::kTooLarge, "adapters were asked for in {} combinations already; use one of them",
                sets_.size() - 1);
  sets_.push_back(std::move(set));
  return flavours_[wanted] = sets_.size() - 1;
}

Result<void> Adapters::apply(Context& context, Flavour flavour) {
  std::vector<llama_adapter_lora*> adapters = own_adapters(*model_);
  std::vector<float> scales(adapters.size(), 1.0f);
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [adapter, scale] : sets_.at(flavour)) {
      adapters.push_back(adapter);
      scales.push_back(scale);
    }
  }
  if (llama_set_adapters_lora(context.handle(), adapters.data(), adapters.size(), scales.data()) != 0)
    return fail(ErrorCode::kInternal, "llama.cpp could not apply {} adapters to '{}'", adapters.size(), model_->name());
  return {};
}

}  // namespace zubr::engine
