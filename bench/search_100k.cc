// search_100k FILE JSONL [MODELS]: how long questions take over a catalog of 100,000 made-up models of real families.
// The figure is the median of the slowest question, each asked many times; the limit is what people take for at once.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <random>

#include "catalog/search.h"
#include "figure.h"
#include "process.h"

namespace {

using namespace zubr;

constexpr double kLimitMs = 50;
constexpr int kRounds = 15;

template <std::size_t N>
std::string pick(std::mt19937_64& random, const std::array<const char*, N>& words) {
  return words[random() % N];
}

catalog::ModelFact made_up(std::mt19937_64& random, std::int64_t number) {
  constexpr std::array families{"Llama-3.1", "Llama-3.2", "Qwen3", "Qwen2.5", "Mistral", "gemma-3", "phi-4", "Bielik"};
  constexpr std::array sizes{"1B", "3B", "7B", "8B", "12B", "32B", "70B"};
  constexpr std::array words{"Instruct", "Coder",  "Vision", "Roleplay",  "Math",
                             "Medical",  "Polish", "Merge",  "Uncensored"};
  constexpr std::array tasks{"text-generation", "image-text-to-text", "feature-extraction", "text-to-image"};
  constexpr std::array licenses{"apache-2.0", "mit", "llama3.1", "gemma", "cc-by-nc-4.0"};
  constexpr std::array languages{"en", "pl", "de", "zh"};
  catalog::ModelFact fact;
  const std::string author = fmt::format("user{}", random() % 20'000);
  fact.name = fmt::format("{}-{}-{}-{}-{}", pick(random, families), pick(random, sizes), pick(random, words),
                          pick(random, words), number);
  fact.address = {"hf", author + "/" + fact.name};
  fact.author = author;
  fact.open = true;
  fact.task = pick(random, tasks);
  fact.license = pick(random, licenses);
  fact.languages = {pick(random, languages)};
  fact.tags = {"transformers", "safetensors", "conversational"};
  fact.parameters = static_cast<std::int64_t>(random() % 70 + 1) * 1'000'000'000;
  fact.downloads = static_cast<std::int64_t>(1e7 / static_cast<double>(random() % 1'000'000 + 1));
  fact.trending = static_cast<double>(random() % 500);
  fact.created = "2026-01-01";
  return fact;
}

catalog::Catalog filled(const std::filesystem::path& file, std::int64_t models) {
  for (const char* tail : {"", "-wal", "-shm"}) std::filesystem::remove(file.string() + tail);
  auto made = catalog::Catalog::open(file);
  if (!made) bench::die(made.error().message());
  std::mt19937_64 random(7);
  const double began = bench::now_seconds();
  catalog::Facts facts;
  for (std::int64_t i = 0; i < models; ++i) facts.models.push_back(made_up(random, i));
  const auto report = made->merge(facts, {.name = "hf", .date = "2026-01-01"});
  if (!report) bench::die(report.error().message());
  const std::int64_t count = made->model_count().value_or(0);
  if (count != models) bench::die(fmt::format("{} models went in, the catalog has {}", models, count));
  fmt::print("{} models merged in {:.1f} s\n", count, bench::now_seconds() - began);
  return std::move(*made);
}

double ask(catalog::Catalog& made, const catalog::Query& query) {
  std::vector<double> times;
  for (int i = 0; i < kRounds; ++i) {
    const auto start = std::chrono::steady_clock::now();
    const auto page = catalog::search(made, query);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    if (!page || page->records.empty()) bench::die("a question has no answer");
    times.push_back(took.count());
  }
  return bench::median(times);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) bench::die("usage: search_100k FILE JSONL [MODELS]");
  const std::int64_t models = argc > 3 ? std::atoll(argv[3]) : 100'000;
  catalog::Catalog made = filled(argv[1], models);
  using catalog::Query;
  using catalog::Sort;
  const std::vector<std::pair<std::string, Query>> questions{
      {"llama", {.text = "llama"}},
      {"ll", {.text = "ll"}},
      {"llama 3.1 8b", {.text = "llama 3.1 8b"}},
      {"transformers (every model)", {.text = "transformers"}},
      {"llama, new first", {.text = "llama", .sort = Sort::kNew}},
      {"no words, trending first", {.sort = Sort::kTrending}},
      {"polish, permissive, 7b..13b",
       {.text = "polish",
        .language = "pl",
        .license = "permissive",
        .min_parameters = 7'000'000'000,
        .max_parameters = 13'000'000'000}},
      {"what fits into 8 GB, by downloads", {.fits_bytes = 8'000'000'000, .sort = Sort::kDownloads}},
  };
  double slowest = 0;
  for (const auto& [name, query] : questions) {
    const double ms = ask(made, query);
    slowest = std::max(slowest, ms);
    fmt::print("{:>8.2f} ms  {}\n", ms, name);
  }
  const bench::Figure figure{"search_100k_ms",
                             slowest,
                             "ms",
                             "limit",
                             kLimitMs,
                             kLimitMs / slowest,
                             fmt::format("search_100k {} {} {}", argv[1], argv[2], models)};
  bench::show(figure);
  if (models == 100'000) bench::append(figure, argv[2]);
  return 0;
}
