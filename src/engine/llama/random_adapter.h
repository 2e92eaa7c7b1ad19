// For tests: a LoRA adapter with random weights for the queries of a llama model.
#pragma once

#include <filesystem>

namespace zubr::engine {

// False when it could not be written.
bool write_random_adapter(const std::filesystem::path& file, int layers, int width, float strength, unsigned seed);

}  // namespace zubr::engine
