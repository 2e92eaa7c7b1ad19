// classify_10m: what the way of a record costs in memory when no model is behind it.
//
//   classify_10m FOLDER JSONL [ROWS=10000000]
//
// Writes a CSV of ROWS rows, all texts different, classifies it with the real bulk job and the real spool but with
// inference::FakeBackend, and reports the largest resident set of the whole process against a limit of 400 MB.
#include <sys/resource.h>

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stop_token>
#include <string>

#include "bulk/classify.h"
#include "figure.h"
#include "inference/fake_backend.h"
#include "process.h"

namespace {

constexpr double kLimitMb = 400;

void write_rows(const std::filesystem::path& path, std::int64_t rows) {
  std::ofstream file(path, std::ios::binary);
  file << "id,keyword,clicks\n";
  std::string block;
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::uint64_t mixed = (static_cast<std::uint64_t>(row) + 1) * 0x9e3779b97f4a7c15u;
    block += fmt::format("{},buty zimowe {:x} rozmiar {},{}\n", row, mixed >> 20, row % 50, row % 977);
    if (block.size() > (1u << 20)) {
      file << block;
      block.clear();
    }
  }
  file << block;
  if (!file.flush()) zubr::bench::die("cannot write " + path.string());
}

std::int64_t count_lines(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::int64_t lines = 0;
  std::string block(1 << 20, '\0');
  while (file.read(block.data(), static_cast<std::streamsize>(block.size())) || file.gcount() > 0) {
    for (std::streamsize i = 0; i < file.gcount(); ++i) lines += block[static_cast<std::size_t>(i)] == '\n';
  }
  return lines;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace zubr;
  if (argc < 3) bench::die("usage: classify_10m FOLDER JSONL [ROWS]");
  const std::filesystem::path folder = argv[1], jsonl = argv[2];
  const std::int64_t rows = argc > 3 ? std::atoll(argv[3]) : 10'000'000;
  std::filesystem::create_directories(folder);
  const auto input = folder / "rows-10m.csv", output = folder / "answers-10m.csv";
  write_rows(input, rows);

  bulk::ClassifyOptions options;
  options.input.path = input;
  options.output.path = output;
  options.text_column = "keyword";
  for (const char* label : {"Shoes", "Phones", "Furniture", "Books", "Toys", "Pets", "Garden", "Beauty"}) {
    options.labels.push_back({label, ""});
  }
  inference::FakeBackend backend;
  const double began = bench::now_seconds();
  const auto report = bulk::classify(options, backend, [](const bulk::Progress&) {}, std::stop_token{});
  const double seconds = bench::now_seconds() - began;
  if (!report) bench::die(report.error().message());
  const std::int64_t lines = count_lines(output);
  if (report->written != rows || report->error_rows != 0 || lines != rows + 1) {
    bench::die(fmt::format("{} rows went in, {} were written ({} lines, {} errors)", rows, report->written, lines,
                           report->error_rows));
  }
  std::filesystem::remove(input);
  std::filesystem::remove(output);

  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const double peak_mb = static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
  bench::Figure figure{"classify_10m_rows_peak_mb", peak_mb, "MB", "limit", kLimitMb, kLimitMb / peak_mb,
                       fmt::format("classify_10m {} {} {}", folder.string(), jsonl.string(), rows)};
  bench::show(figure);
  fmt::print("    {} rows, {} distinct texts, {:.0f} s, {:.0f} rows/s without a model\n", rows, report->distinct_texts,
             seconds, static_cast<double>(rows) / seconds);
  if (rows == 10'000'000) bench::append(figure, jsonl);
  return 0;
}
