// builtin-material: writes what the built-in model is trained on and measured with. See README.md.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include <fstream>

#include "generate.h"

namespace {

using namespace zubr;

Result<void> write_all(const std::string& data, const std::string& packages, const std::string& words,
                       const std::string& out, std::int64_t samples, std::uint64_t seed) {
  const std::filesystem::path folder(out);
  ZUBR_TRY(training, builtin::read_sources(data, packages, words, false));
  const builtin::Generator generator(training, false);
  {
    std::ofstream text(folder / "vocabulary.txt");
    generator.write_vocabulary_text(text);
    std::ofstream groups(folder / "associations.txt");
    generator.write_associations(groups);
  }
  {
    std::ofstream file(folder / "train.jsonl");
    builtin::Random random(seed);
    for (std::int64_t written = 0; written < samples;) {
      const std::string line = generator.training_line(written < samples / 25, random);
      if (line.empty()) continue;
      file << line << '\n';
      ++written;
    }
    if (!file) return fail(ErrorCode::kIo, "cannot write '{}'", (folder / "train.jsonl").string());
  }
  ZUBR_TRY(testing, builtin::read_sources(data, packages, words, true));
  const builtin::Generator held_out(testing, true);
  std::ofstream file(folder / "held-out.jsonl");
  builtin::Random random(seed + 1);
  for (const char* family :
       {"shop", "tops", "taxonomy", "translation", "topics", "support", "banking", "products", "packages", "reviews"}) {
    int written = 0;
    for (int attempt = 0; attempt < 2000 && written < 60; ++attempt) {
      const std::string line = held_out.question_line(family, 12, random);
      if (line.empty()) continue;
      file << line << '\n';
      ++written;
    }
  }
  if (!file) return fail(ErrorCode::kIo, "cannot write '{}'", (folder / "held-out.jsonl").string());
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("writes the built-in model's training material", "builtin-material");
  std::string data, packages, words, out;
  std::int64_t samples = 200000;
  std::uint64_t seed = 1;
  app.add_option("--data", data, "folder with classification/")->required();
  app.add_option("--packages", packages, "folder with packages.txt and descriptions.{en,pl}.txt")->required();
  app.add_option("--words", words, "folder with our word lists")->required();
  app.add_option("-o,--out", out, "folder")->required();
  app.add_option("--samples", samples)->capture_default_str();
  app.add_option("--seed", seed)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (const auto done = write_all(data, packages, words, out, samples, seed); !done) {
    fmt::print(stderr, "builtin-material: {}\n", done.error().message());
    return 1;
  }
  return 0;
}
