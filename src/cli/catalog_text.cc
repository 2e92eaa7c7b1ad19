#include "cli/catalog_text.h"

#include <fmt/format.h>

#include "core/display.h"

namespace zubr::cli {
namespace {

using catalog::ModelRecord;
using catalog::PicoDollars;

// 8030261248 → "8.03B", 4900000 → "4.9M": at most three digits that say something.
std::string short_count(std::int64_t count, std::string_view thousand) {
  const auto value = static_cast<double>(count);
  const auto with = [](double scaled, std::string_view unit) {
    std::string text = scaled >= 100 ? fmt::format("{:.0f}", scaled) : fmt::format("{:.3g}", scaled);
    return text + std::string(unit);
  };
  if (value >= 1e12) return with(value / 1e12, "T");
  if (value >= 1e9) return with(value / 1e9, "B");
  if (value >= 1e6) return with(value / 1e6, "M");
  if (value >= 1e3) return with(value / 1e3, thousand);
  return std::to_string(count);
}

}  // namespace

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }
std::string size_text(const std::optional<std::int64_t>& parameters) {
  return parameters ? short_count(*parameters, "K") : "-";
}
std::string size_text(const ModelRecord& record) {
  if (!record.parameters || !record.active_parameters) return size_text(record.parameters);
  return message("{} ({} active)", size_text(record.parameters), size_text(record.active_parameters));
}
std::string tokens_text(const std::optional<std::int64_t>& tokens) {
  if (!tokens) return "-";
  if (*tokens >= 1'000'000) return fmt::format("{:.3g}M", static_cast<double>(*tokens) / 1e6);
  if (*tokens % 1024 == 0) return fmt::format("{}k", *tokens / 1024);
  if (*tokens >= 1000) return fmt::format("{:.0f}k", static_cast<double>(*tokens) / 1e3);
  return std::to_string(*tokens);
}
std::string count_text(const std::optional<std::int64_t>& count) { return count ? short_count(*count, "k") : "-"; }
std::string price_text(const std::optional<PicoDollars>& per_token) {
  return per_token ? core::display_per_million(*per_token) : "-";
}
std::string score_text(const std::optional<double>& score) {
  if (!score) return "-";
  return *score >= 200 ? fmt::format("{:.0f}", *score) : fmt::format("{:.1f}", *score);
}
std::string access_text(const ModelRecord& record) {
  return !record.open ? "-" : *record.open ? message("open") : message("paid");
}

}  // namespace zubr::cli
