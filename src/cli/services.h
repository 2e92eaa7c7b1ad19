// What the terminal face needs from below, as functions that app fills in: no command names a concrete engine or
// server.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/settings.h"
#include "inference/backend.h"
#include "models/model_store.h"

namespace zubr::cli {

struct BackendSpec {
  std::filesystem::path file;
  std::string name;
  int threads = 0;                           // 0 = one per usable core
  int context_tokens = 0;                    // 0 = what the model was trained for
  int parallel = 1;                          // generations at the same time
  std::string compute = "ggml";              // as the setting `compute`
  std::function<bool(float)> progress = {};  // 0..1 while loading; false stops it
  std::filesystem::path projector = {};      // of a model that sees or hears; empty = none
  models::Modelfile recipe = {};             // what the model's maker wants of its use
  const core::Settings* settings = nullptr;  // of the engine, with the flags that were given; null: the defaults
};

struct QuantizeSpec {
  std::filesystem::path from, to;
  std::string type;                       // "q4_k_m"
  std::filesystem::path importance = {};  // empty = none
  int threads = 0;
  std::function<void(int done, int total)> progress = {};  // tensors
};
struct Quantized {
  std::uint64_t bytes_before = 0, bytes_after = 0;
  bool requantized = false;  // it was quantized before, which costs quality
};
// A quantization that can be made: "Q4_K_M", "4.9 bits; the usual choice".
struct QuantizationName {
  std::string name, about;
};

struct ServeOptions {
  std::string host;
  int port = 0;                              // 0 = any free one
  const core::Settings* settings = nullptr;  // of all modules; outlives the call
  // What requests mean that name no model; none: the model inside the program, loaded when it is first asked for.
  std::optional<models::ResolvedModel> model = {};
  std::shared_ptr<inference::Backend> loaded = {};  // that model, which stays
  // How the others are opened when they are asked for; from any thread.
  std::function<Result<std::shared_ptr<inference::Backend>>(const models::ResolvedModel&, int context_tokens,
                                                            std::stop_token)>
      open = {};
  std::function<void(std::string_view url)> ready = {};  // called once, when requests are answered
  // Called once, when all is over: requests that were running when it was to stop, by how they ended.
  std::function<void(std::int64_t finished, std::int64_t cancelled)> stopped = {};
};

// "llama.cpp", "v0.5.0 (AVX512 AMX_INT8 …)".
struct Component {
  std::string name;
  std::string version;
  std::string features = {};  // what it uses of this processor
};

// A computation whose right answer is known, done the way models do it on this processor.
struct SelfTest {
  std::string name;
  bool passed = false;
  std::string detail;
};

struct Services {
  std::function<Result<std::shared_ptr<inference::Backend>>(const BackendSpec&)> open_backend;
  // Blocks until `stop`.
  std::function<Result<void>(const ServeOptions&, std::stop_token stop)> serve;
  std::string version;  // of zubr
  std::function<std::vector<Component>()> components;
  std::function<std::vector<SelfTest>()> self_tests;
  std::optional<models::ShippedModel> built_in_model = {};
  // Would the engine load it? Reads header and vocabulary only.
  std::function<Result<void>(const std::filesystem::path&)> check_loads = {};
  std::function<Result<Quantized>(const QuantizeSpec&, std::stop_token stop)> quantize = {};
  std::function<std::vector<QuantizationName>()> quantizations = {};
};

}  // namespace zubr::cli
