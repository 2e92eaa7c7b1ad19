// bulk_null: what a job costs when its model costs nothing.
//
//   bulk_null FOLDER JSONL rows ROWS csv|parquet    a classify job with a model that answers at once: rows a second and
//                                                   the largest resident set
//   bulk_null FOLDER JSONL dedupe ROWS              which of so many keywords are repeats
//
// Rows are keywords of 20 to 40 bytes, a third of them repeats. The figure of record is 10 M rows of CSV, and 100 M for
// memory and dedupe.
#include <sys/resource.h>

#include <fmt/format.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "bulk/job/first_rows.h"
#include "bulk/job/job.h"
#include "figure.h"
#include "inference/fake_backend.h"
#include "process.h"

namespace {
namespace fs = std::filesystem;
using namespace zubr;

std::string keyword(std::int64_t row) {
  const std::uint64_t mixed = (static_cast<std::uint64_t>(row) + 1) * 0x9e3779b97f4a7c15u;
  const std::uint64_t word = mixed % 3 == 0 ? (mixed >> 20) % 100'000 : mixed >> 24;
  return fmt::format("buty zimowe {:x} rozmiar {}", word, word % 50);
}

void write_rows(const fs::path& path, std::int64_t rows) {
  std::ofstream file(path, std::ios::binary);
  std::string block = "id,keyword,clicks\n";
  for (std::int64_t row = 0; row < rows; ++row) {
    block += fmt::format("{},{},{}\n", row, keyword(row), row % 977);
    if (block.size() < (1u << 20)) continue;
    file << block;
    block.clear();
  }
  file << block;
  if (!file.flush()) bench::die("cannot write " + path.string());
}

// The first label, always.
class NullScorer : public inference::LabelScorer {
 public:
  explicit NullScorer(std::size_t labels) : tokens_(labels, 1), scores_{std::vector<float>(labels, -5), {}} {
    scores_.log_prob[0] = -0.1f;
    scores_.exact.assign(labels, true);
  }
  inference::ScorerLimits limits() const override { return {.rows = 1024, .tokens = 1 << 20, .row_tokens = 4096}; }
  inference::ScorerStats stats() const override { return {}; }
  std::span<const int> label_tokens() const override { return tokens_; }
  Result<inference::PreparedText> prepare(std::string_view text) const override {
    return inference::PreparedText{std::vector<std::int32_t>(text.size() / 4)};
  }
  Result<std::vector<inference::LabelScores>> score(std::span<const inference::PreparedText> rows,
                                                    std::stop_token) override {
    return std::vector<inference::LabelScores>(rows.size(), scores_);
  }

 private:
  std::vector<int> tokens_;
  inference::LabelScores scores_;
};

class NullBackend : public inference::FakeBackend {
 public:
  Result<std::unique_ptr<inference::LabelScorer>> open_labels(const inference::LabelTask& task,
                                                              std::stop_token) override {
    return std::make_unique<NullScorer>(task.labels.size());
  }
};

double peak_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) * 1024 / 1e6;
}

bulk::JobStatus run(const fs::path& folder, const std::string& name, const std::string& toml) {
  std::ofstream(folder / name) << toml;
  static const core::SystemClock clock;
  const auto job = bulk::create_job(jobs::JobStore(folder / "home"), folder / name);
  if (!job) bench::die(job.error().message());
  bulk::JobServices services;
  services.clock = &clock;
  services.answers = folder / "home" / "jobs" / "answers.db";
  services.open_model = [](const std::string&, int, std::stop_token) -> Result<bulk::OpenedModel> {
    return bulk::OpenedModel{std::make_shared<NullBackend>(), "null"};
  };
  bulk::JobPhase phase{};
  double since = bench::now_seconds();
  services.progress = [&](const bulk::JobProgress& now) {
    if (now.phase == phase) return;
    fmt::print("    phase {} took {:.2f} s\n", static_cast<int>(phase), bench::now_seconds() - since);
    phase = now.phase;
    since = bench::now_seconds();
  };
  const auto status = bulk::run_job(*job, services, {});
  if (!status) bench::die(status.error().message());
  fmt::print("    phase {} took {:.2f} s\n", static_cast<int>(phase), bench::now_seconds() - since);
  if (status->state != jobs::JobState::kFinished || status->failed_rows != 0) bench::die(status->message);
  fs::remove_all(folder / "home");
  return *status;
}

void rows_figure(const fs::path& folder, const fs::path& jsonl, std::int64_t rows, const std::string& format) {
  write_rows(folder / "in.csv", rows);
  const std::string steps =
      "[[steps]]\nname = \"category\"\nkind = \"classify\"\ntext = \"keyword\"\n"
      "labels = [\"Shoes\", \"Phones\", \"Books\", \"Toys\"]\n";
  std::string input = "in.csv";
  if (format == "parquet") {
    run(folder, "make.toml",
        "[input]\nfiles = [\"in.csv\"]\nsql = \"SELECT * FROM input\"\n[[steps]]\nname = \"x\"\n"
        "kind = \"transform\"\nsql = \"1\"\n[output]\nfile = \"in.parquet\"\n");
    input = "in.parquet";
  }
  const double began = bench::now_seconds();
  const auto status = run(folder, "job.toml",
                          "[input]\nfiles = [\"" + input + "\"]\nid = \"id\"\n" +
                              (format == "parquet" ? "sql = \"SELECT id, keyword, clicks FROM input\"\n" : "") + steps +
                              "[output]\nfile = \"out." + format + "\"\n");
  const double seconds = bench::now_seconds() - began;
  if (status.rows != rows) bench::die(fmt::format("{} rows went in, {} came out", rows, status.rows));
  const double rate = static_cast<double>(rows) / seconds;
  const std::string command = fmt::format("bulk_null {} {} rows {} {}", folder.string(), jsonl.string(), rows, format);
  const bench::Figure speed{"bulk_null_rows_per_s", rate, "rows/s", "aim", 1e6, rate / 1e6, command};
  bench::show(speed);
  fmt::print("    {} rows of {}, {:.1f} s, {:.0f} MB at most\n", rows, format, seconds, peak_mb());
  if (rows == 10'000'000 && format == "csv") bench::append(speed, jsonl);
  if (rows == 100'000'000 && format == "csv")
    bench::append({"bulk_null_peak_mb_100m", peak_mb(), "MB", "limit", 300, 300 / peak_mb(), command}, jsonl);
  for (const char* name : {"in.csv", "in.parquet", "out.csv", "out.parquet"}) fs::remove(folder / name);
}

void dedupe_figure(const fs::path& folder, const fs::path& jsonl, std::int64_t rows) {
  double inside = 0;
  const double began = bench::now_seconds();
  auto finder = bulk::FirstRowFinder::create(folder / "dedupe", rows);
  if (!finder) bench::die(finder.error().message());
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::string key = bulk::normalised(keyword(row));
    if (!(*finder)->add(row, key)) bench::die("cannot add");
  }
  const auto repeated = (*finder)->finish(folder / "firsts", rows, {});
  inside = bench::now_seconds() - began;
  if (!repeated) bench::die(repeated.error().message());
  const bench::Figure figure{"dedupe_100m_s",
                             inside,
                             "s",
                             "limit",
                             180,
                             180 / inside,
                             fmt::format("bulk_null {} {} dedupe {}", folder.string(), jsonl.string(), rows)};
  bench::show(figure);
  fmt::print("    {} rows, {} repeats, {:.0f} MB at most\n", rows, *repeated, peak_mb());
  if (rows == 100'000'000) bench::append(figure, jsonl);
  fs::remove(folder / "firsts");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) bench::die("usage: bulk_null FOLDER JSONL rows ROWS csv|parquet  or  FOLDER JSONL dedupe ROWS");
  const fs::path folder = fs::absolute(argv[1]);
  fs::create_directories(folder);
  const std::int64_t rows = std::atoll(argv[4]);
  if (std::string_view(argv[3]) == "dedupe")
    dedupe_figure(folder, argv[2], rows);
  else
    rows_figure(folder, argv[2], rows, argc > 5 ? argv[5] : "csv");
  return 0;
}
