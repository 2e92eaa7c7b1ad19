#include <array>
#include <utility>

#include "catalog/facts.h"

namespace zubr::catalog {
namespace {

constexpr std::array<std::pair<std::string_view, unsigned>, 9> kWords{{{"text", kText},
                                                                       {"image", kImage},
                                                                       {"audio", kAudio},
                                                                       {"video", kVideo},
                                                                       {"file", kFile},
                                                                       {"vector", kVector},
                                                                       {"vision", kImage},
                                                                       {"pdf", kFile},
                                                                       {"embeddings", kVector}}};

}  // namespace

unsigned modality_of(std::string_view word) {
  for (const auto& [name, bit] : kWords)
    if (word == name) return bit;
  return 0;
}

std::string modalities_text(unsigned bits) {
  std::string text;
  for (std::size_t i = 0; i < 6; ++i)
    if ((bits & kWords[i].second) != 0) text += (text.empty() ? "" : ", ") + std::string(kWords[i].first);
  return text;
}

}  // namespace zubr::catalog
