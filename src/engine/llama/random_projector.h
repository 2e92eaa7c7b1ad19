// For tests: small projectors with random weights, in front of a model whose vectors have `width` numbers: LLaVA's for
// pictures (CLIP and two layers; 16 tokens of 32 x 32 pixels in patches of 8) and Ultravox's for sounds (Whisper's
// encoder, frames stacked, and two layers; 30 tokens for half a minute).
#pragma once

#include <filesystem>

namespace zubr::engine {

inline constexpr int kRandomProjectorTokens = 16;
inline constexpr int kRandomEarTokens = 30;

// False when the file cannot be written. The same width gives the same weights.
bool write_random_projector(const std::filesystem::path& file, int width);
bool write_random_ear(const std::filesystem::path& file, int width);

}  // namespace zubr::engine
