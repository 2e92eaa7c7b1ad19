#include "catalog/snapshot.h"

#include <zstd.h>

#include <memory>

#include "catalog/facts_text.h"

#ifdef ZUBR_CATALOG_SNAPSHOT
__asm__(
    ".section .rodata\n"
    "zubr_catalog_snapshot_begin:\n"
    ".incbin \"" ZUBR_CATALOG_SNAPSHOT
    "\"\n"
    "zubr_catalog_snapshot_end:\n"
    ".byte 0\n"
    ".text\n");
extern "C" const char zubr_catalog_snapshot_begin[], zubr_catalog_snapshot_end[];
#endif

namespace zubr::catalog {
namespace {

constexpr std::size_t kMaxText = std::size_t{256} << 20;
constexpr int kLevel = 19;
constexpr std::string_view kNote = "snapshot";

Result<std::string> decompress(std::string_view bytes) {
  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
  std::string text, block(ZSTD_DStreamOutSize(), '\0');
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  std::size_t left = 1;
  while (left != 0) {
    ZSTD_outBuffer out{block.data(), block.size(), 0};
    left = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(left)) return fail(ErrorCode::kCorrupt, "the snapshot is damaged: {}", ZSTD_getErrorName(left));
    if (out.pos == 0 && in.pos == in.size && left != 0) return fail(ErrorCode::kCorrupt, "the snapshot ends too early");
    text.append(block.data(), out.pos);
    if (text.size() > kMaxText) return fail(ErrorCode::kTooLarge, "the snapshot has more than {} bytes", kMaxText);
  }
  return text;
}

// FNV-1a: tells one snapshot from another.
std::string fingerprint(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return fmt::format("{:016x}", hash);
}

}  // namespace

std::string write_snapshot(const std::vector<SourceFacts>& sources) {
  std::string text;
  for (const SourceFacts& one : sources) {
    text += fact_line(one.source) + "\n";
    for (const ModelFact& fact : one.facts.models) text += fact_line(fact) + "\n";
    for (const DatasetFact& fact : one.facts.datasets) text += fact_line(fact) + "\n";
  }
  std::string bytes(ZSTD_compressBound(text.size()), '\0');
  bytes.resize(ZSTD_compress(bytes.data(), bytes.size(), text.data(), text.size(), kLevel));
  return bytes;
}

Result<std::vector<SourceFacts>> read_snapshot(std::string_view bytes) {
  ZUBR_TRY(text, decompress(bytes));
  std::vector<SourceFacts> sources;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = std::string_view(text).substr(at, end - at);
    at = end + 1;
    if (line.starts_with("{\"facts_of\"")) {
      ZUBR_TRY(source, parse_source_info(line));
      sources.push_back({std::move(source), {}});
    } else if (sources.empty()) {
      return fail(ErrorCode::kCorrupt, "the snapshot does not begin with a source");
    } else if (line.starts_with("{\"dataset\"")) {
      ZUBR_TRY(fact, parse_dataset_fact(line));
      sources.back().facts.datasets.push_back(std::move(fact));
    } else {
      ZUBR_TRY(fact, parse_model_fact(line));
      sources.back().facts.models.push_back(std::move(fact));
    }
  }
  return sources;
}

std::string_view built_in_snapshot() {
#ifdef ZUBR_CATALOG_SNAPSHOT
  return {zubr_catalog_snapshot_begin,
          static_cast<std::size_t>(zubr_catalog_snapshot_end - zubr_catalog_snapshot_begin)};
#else
  return {};
#endif
}

Result<bool> add_snapshot(Catalog& catalog, std::string_view bytes) {
  if (bytes.empty()) return false;
  const std::string print = fingerprint(bytes);
  ZUBR_TRY(known, catalog.note(kNote));
  if (known == print) return false;
  ZUBR_TRY(sources, read_snapshot(bytes));
  for (const SourceFacts& one : sources) {
    ZUBR_TRY(state, catalog.source_state(one.source.name));
    if (!state.position.empty() || state.day >= one.source.date) continue;
    ZUBR_TRY(position, catalog.begin_round(one.source));
    ZUBR_TRY(report, catalog.merge(one.facts, one.source));
    ZUBR_CHECK(catalog.close_round(one.source));
  }
  ZUBR_CHECK(catalog.keep_note(kNote, print));
  return true;
}

}  // namespace zubr::catalog
