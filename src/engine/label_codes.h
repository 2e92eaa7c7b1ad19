// Short strings of one token each, to stand for labels: A … Z, a … z, 0 … 9, AA … ZZ, 10 … 999, and then what else of
// two to four letters and digits the vocabulary has.
//
// Threads: any.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "engine/llama/tokenizer.h"

namespace zubr::engine {

// `count` codes, in an order that depends on the vocabulary only. Each is one token after other text, with a space in
// front and without, and no two are the same token. kUnsupported, with both numbers, when the vocabulary has too few.
Result<std::vector<std::string>> find_label_codes(const Tokenizer& tokenizer, std::size_t count);

}  // namespace zubr::engine
