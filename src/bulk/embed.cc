#include "bulk/embed.h"

#include "bulk/table_job.h"

namespace zubr::bulk {
namespace {

constexpr std::size_t kTextsPerCall = 256;

// Embeds one window and puts its vectors; counts what failed. kCancelled leaves the window unfinished.
Result<void> embed_window(std::vector<formats::TextRow> window, const EmbedOptions& options,
                          inference::Backend& backend, formats::Spool& spool, EmbedReport& report,
                          std::stop_token stop) {
  inference::EmbedRequest request{.model = {}, .texts = {}, .normalize = options.normalize};
  for (const auto& text : window)
    if (!text.text.empty()) request.texts.push_back(text.text);
  ZUBR_TRY(vectors, backend.embed(request, stop));
  std::size_t next = 0;
  for (const auto& text : window) {
    if (text.text.empty()) {
      report.error_rows += text.count;
      ZUBR_CHECK(spool.put_error(text.row, message("the text is empty")));
      continue;
    }
    auto& vector = vectors[next++];
    if (!vector) {
      report.error_rows += text.count;
      ZUBR_CHECK(spool.put_error(text.row, vector.error().message()));
      continue;
    }
    report.tokens += vector->tokens;
    report.dimensions = static_cast<int>(vector->values.size());
    std::vector<formats::Cell> cells;
    cells.emplace_back(std::move(vector->values));
    ZUBR_CHECK(spool.put(text.row, std::move(cells)));
  }
  return {};
}

}  // namespace

Result<EmbedReport> embed(const EmbedOptions& options, inference::Backend& backend, const ProgressFn& progress,
                          std::stop_token stop) {
  const auto started = std::chrono::steady_clock::now();
  EmbedReport report;
  ZUBR_CHECK(check_paths(options.input, options.output));
  ZUBR_TRY(spool, read_table(options.input, options.output, progress, stop));
  ZUBR_TRY(column, choose_text_column(*spool, options.text_column));
  ZUBR_CHECK(spool->declare_results({{"embedding", formats::CellType::kVector}}));
  progress({Progress::Stage::kCounting, 0, spool->row_count()});
  ZUBR_TRY(distinct, spool->index_texts(column));
  report.rows = spool->row_count();
  report.distinct_texts = distinct;
  report.error_rows = spool->bad_row_count();

  for (std::int64_t done = 0;;) {
    ZUBR_TRY(window, spool->next_texts(kTextsPerCall));
    if (window.empty()) break;
    const auto count = std::ssize(window);
    if (auto embedded = embed_window(std::move(window), options, backend, *spool, report, stop); !embedded) {
      if (embedded.error().code() != ErrorCode::kCancelled) return fail(std::move(embedded).error());
      report.interrupted = true;
      break;
    }
    progress({Progress::Stage::kEvaluating, done += count, distinct});
  }
  ZUBR_TRY(written, write_table(*spool, options.output, report.interrupted, progress));
  report.written = written.rows;
  report.output = written.path;
  report.total = std::chrono::steady_clock::now() - started;
  return report;
}

}  // namespace zubr::bulk
