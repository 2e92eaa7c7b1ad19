// Learns a vocabulary from text, with SentencePiece.
//
// Not in one program with torch: Debian's SentencePiece brings protobuf-lite, its libtorch the whole of protobuf, and a
// process that loads both dies in the first of them that parses a message.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "train/vocabulary.h"

namespace zubr::train {

// Learns `size` pieces from a file with one text a line (SentencePiece BPE, bytes as fallback, digits one by one).
// kInvalidArgument, kIo; SentencePiece's own complaint is quoted.
Result<Vocabulary> learn_vocabulary(const std::filesystem::path& lines, int size,
                                    const std::vector<std::string>& controls);

}  // namespace zubr::train
