#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

#include "formats/csv_reader.h"
#include "formats/csv_scanner.h"

namespace zubr::formats {
namespace {

constexpr int kSampleRecords = 200;

class MemorySource final : public ByteSource {
 public:
  explicit MemorySource(std::string_view bytes) : bytes_(bytes) {}
  Result<std::size_t> read(char* buffer, std::size_t size) override {
    const std::size_t taken = std::min(size, bytes_.size());
    if (taken > 0) std::memcpy(buffer, bytes_.data(), taken);
    bytes_.remove_prefix(taken);
    return taken;
  }

 private:
  std::string_view bytes_;
};

// The share of records that have as many fields as the header; 0 when the header has one.
double agreement(std::string_view sample, bool whole, char delimiter) {
  CsvScanner scanner(std::make_unique<MemorySource>(sample), sample.size());
  scanner.set_delimiter(delimiter);
  if (sample.find('\n') == std::string_view::npos) scanner.set_line_end('\r');
  CsvRecord record;
  const auto first = scanner.next(record);
  if (!first || !*first || record.field_count < 2) return 0;
  const std::int64_t fields = record.field_count;
  int alike = 1;
  int total = 1;
  while (total < kSampleRecords) {
    const auto more = scanner.next(record);
    if (!more || !*more) break;
    if (record.bytes.empty()) continue;
    ++total;
    if (record.field_count == fields && !record.open_quote) ++alike;
  }
  if (!whole && total > 2 && total < kSampleRecords && record.field_count != fields)
    --total;  // cut by the sample's end
  return static_cast<double>(alike) / total;
}

}  // namespace

char detect_delimiter(std::string_view sample, bool whole) {
  char best = ',';
  double best_agreement = 0;
  for (const char candidate : {',', ';', '\t', '|'}) {
    const double found = agreement(sample, whole, candidate);
    if (found > best_agreement) {
      best = candidate;
      best_agreement = found;
    }
  }
  return best;
}

}  // namespace zubr::formats
