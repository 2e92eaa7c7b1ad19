#include "catalog/fits.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <numeric>
#include <thread>

namespace zubr::catalog {
namespace {

// Bits a weight of a Llama 3.1 8B, llama.cpp's tools/quantize/README.md.
struct Bits {
  std::string_view quantization;
  double bits;
};
constexpr std::array<Bits, 8> kBits{{{"F16", 16.0},
                                     {"Q8_0", 8.5008},
                                     {"Q6_K", 6.5633},
                                     {"Q5_K_M", 5.7036},
                                     {"Q4_K_M", 4.8944},
                                     {"Q4_0", 4.6358},
                                     {"Q3_K_M", 3.9960},
                                     {"Q2_K", 3.1593}}};
constexpr double kLargestUseful = 8.6;  // bits a weight
constexpr std::int64_t kDefaultContext = 8192;
// A model of 8B with grouped heads: 32 layers, 8 heads of 128, keys and values, f16.
constexpr double kCacheOf8B = 131'072;
constexpr std::int64_t kBatch = 512, kCells = 256;

// Files of one quantization are listed under several names; one of each size is enough.
std::vector<FitRow> known_files(const std::vector<ModelFile>& files) {
  std::vector<FitRow> rows;
  for (const ModelFile& file : files) {
    if (file.bytes == 0) continue;
    const auto same = [&](const FitRow& row) {
      return row.quantization == file.quantization && !row.quantization.empty();
    };
    if (std::ranges::any_of(rows, same)) continue;
    rows.push_back({.quantization = file.quantization, .file = file.name, .weights = file.bytes});
  }
  return rows;
}

std::vector<FitRow> computed(std::int64_t parameters) {
  std::vector<FitRow> rows;
  for (const Bits& bits : kBits)
    rows.push_back({.quantization = std::string(bits.quantization),
                    .file = {},
                    .weights = static_cast<std::uint64_t>(static_cast<double>(parameters) * bits.bits / 8)});
  return rows;
}

double read_once(std::vector<std::uint64_t>& memory, int threads, std::atomic<std::uint64_t>& sum) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::jthread> workers;
  const std::size_t part = memory.size() / static_cast<std::size_t>(threads);
  for (int i = 0; i < threads; ++i)
    workers.emplace_back([&memory, &sum, part, i] {
      const auto first = memory.begin() + static_cast<std::ptrdiff_t>(part) * i;
      sum += std::accumulate(first, first + static_cast<std::ptrdiff_t>(part), std::uint64_t{0});
    });
  workers.clear();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return static_cast<double>(part * static_cast<std::size_t>(threads) * sizeof(std::uint64_t)) / took.count();
}

}  // namespace

double measure_read_bandwidth(int threads, std::chrono::milliseconds time) {
  constexpr std::size_t kBytes = std::size_t{256} << 20;
  std::vector<std::uint64_t> memory(kBytes / sizeof(std::uint64_t), 1);
  std::atomic<std::uint64_t> sum{0};
  double best = 0;
  const auto end = std::chrono::steady_clock::now() + time;
  do {
    best = std::max(best, read_once(memory, std::max(1, threads), sum));
  } while (std::chrono::steady_clock::now() < end);
  // The sum is used, so that nothing is left out.
  return sum.load() == 0 ? 0 : best;
}

std::optional<CacheCost> cache_cost(const ModelRecord& record, std::int64_t context) {
  if (record.layers && record.kv_heads && record.head_size) {
    const std::int64_t image_layers = std::min(record.image_layers.value_or(0), *record.layers);
    const std::int64_t window_layers =
        record.window ? std::min(record.window_layers.value_or(0), *record.layers - image_layers) : 0;
    const std::int64_t kept = std::min(context, (record.window.value_or(0) + kBatch + kCells - 1) / kCells * kCells);
    const std::int64_t tokens = (*record.layers - window_layers - image_layers) * context + window_layers * kept +
                                image_layers * record.image_tokens.value_or(0);
    return CacheCost{static_cast<std::uint64_t>(tokens * *record.kv_heads * *record.head_size * 4), false};
  }
  if (!record.parameters) return std::nullopt;
  const double scale = std::sqrt(static_cast<double>(*record.parameters) / 8e9);
  return CacheCost{static_cast<std::uint64_t>(kCacheOf8B * scale * static_cast<double>(context)), true};
}

Result<Fit> fit(const ModelRecord& record, const std::vector<ModelFile>& files, std::int64_t context,
                const Machine& machine) {
  if (record.open == false)
    return fail(ErrorCode::kUnsupported, "{} is served for money only: its weights cannot be had", record.address.name);
  Fit fit;
  fit.rows = known_files(files);
  if (fit.rows.empty() && record.parameters) fit.rows = computed(*record.parameters);
  if (fit.rows.empty())
    return fail(ErrorCode::kUnsupported, "nobody says how large {} is; look at its page: zubr show {}",
                record.address.name, record.address.name);
  const std::int64_t own = record.context.value_or(kDefaultContext);
  if (context > own && record.context)
    return fail(ErrorCode::kInvalidArgument, "{} has a context of {} tokens, asked for are {}", record.address.name,
                own, context);
  fit.context = context > 0 ? context : std::min(own, kDefaultContext);
  const auto cost = cache_cost(record, fit.context);
  fit.cache_estimated = !cost || cost->estimated;
  const double active = record.parameters && record.active_parameters && *record.parameters > 0
                            ? static_cast<double>(*record.active_parameters) / static_cast<double>(*record.parameters)
                            : 1.0;
  std::ranges::sort(fit.rows, std::greater<>(), &FitRow::weights);
  for (FitRow& row : fit.rows) {
    row.cache = cost ? cost->bytes : 0;
    row.total = row.weights + row.cache + kOverheadBytes;
    row.fits = row.total <= machine.memory;
    const double per_token = static_cast<double>(row.weights) * active;
    row.tokens_per_second_empty = machine.bytes_per_second / per_token;
    row.tokens_per_second_full = machine.bytes_per_second / (per_token + static_cast<double>(row.cache));
  }
  const double useful = record.parameters ? static_cast<double>(*record.parameters) * kLargestUseful / 8 : 9e18;
  for (std::size_t i = 0; i < fit.rows.size() && !fit.best; ++i)
    if (fit.rows[i].fits && static_cast<double>(fit.rows[i].weights) <= useful) fit.best = i;
  return fit;
}

}  // namespace zubr::catalog
