// How a loaded model is run: its cache, attention, adapters and a draft model. Defaults are llama.cpp's.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace zubr::engine {

// Of keys and values in the cache. The quantised ones take a half and a quarter of the memory, need flash attention and
// attention heads of a multiple of 32 numbers, and move answers a little.
enum class CacheType { kF16, kQ8_0, kQ4_0 };

enum class FlashAttention { kAuto, kOn, kOff };

struct RunOptions {
  CacheType cache = CacheType::kF16;
  FlashAttention flash = FlashAttention::kAuto;
  // LoRA adapters (GGUF) that requests may ask for, by name. Read when they are first asked for.
  std::map<std::string, std::filesystem::path> adapters = {};
  // A smaller model with the same vocabulary, which guesses what this one will say: where it is right, several tokens
  // are evaluated together. Answers are the same as without.
  std::filesystem::path draft = {};
  int drafts = 4;  // tokens that it guesses at a time
};

}  // namespace zubr::engine
