// zubr-vocabulary: learns a vocabulary and writes it as a GGUF file without tensors, for zubr-train.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <string>

#include "formats/gguf_writer.h"
#include "train/corpus.h"
#include "train/sentencepiece/learn_vocabulary.h"

namespace {

using namespace zubr;

Result<void> make_vocabulary(const std::string& lines, int size, const std::string& out) {
  ZUBR_TRY(vocabulary, train::learn_vocabulary(lines, size, {train::kUserPiece, train::kAssistantPiece}));
  vocabulary.chat_template = train::kChatTemplate;
  formats::GgufWriter file;
  file.add("general.architecture", "llama");
  file.add("general.name", "vocabulary");
  train::write_vocabulary(vocabulary, file);
  ZUBR_CHECK(file.write(out));
  fmt::print("{} pieces in {}\n", vocabulary.pieces.size(), out);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  std::string lines, out;
  int size = 8192;
  CLI::App app("learns a vocabulary from a text file, one text a line", "zubr-vocabulary");
  app.add_option("lines", lines)->required();
  app.add_option("-o,--out", out)->required();
  app.add_option("--size", size, "pieces")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (const auto done = make_vocabulary(lines, size, out); !done) {
    fmt::print(stderr, "zubr-vocabulary: {}\n", done.error().message());
    return 1;
  }
  return 0;
}
