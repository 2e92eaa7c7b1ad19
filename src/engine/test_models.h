// For tests: where the small models are, and how to skip where they are not.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "engine/llama/model.h"

namespace zubr::engine {

inline std::filesystem::path test_data() {
  const char* given = std::getenv("ZUBR_TEST_DATA");
  return given ? std::filesystem::path(given) : std::filesystem::path("../shared/data");
}

inline std::filesystem::path test_model(const std::string& file) { return test_data() / "models" / file; }

// Null, with a failed expectation, when it cannot be loaded.
inline std::shared_ptr<const Model> load_test_model(const std::string& file, int threads = 2) {
  ModelOptions options;
  options.path = test_model(file);
  options.threads = threads;
  auto model = Model::load(options);
  EXPECT_TRUE(model) << (model ? "" : model.error().message());
  return model ? *model : nullptr;
}

}  // namespace zubr::engine

#define ZUBR_NEED_TEST_DATA()                                           \
  if (!std::filesystem::exists(::zubr::engine::test_data() / "models")) \
  GTEST_SKIP() << "no models in " << ::zubr::engine::test_data() << "; set ZUBR_TEST_DATA"
