// How models of the catalog look in tables and as JSON. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "catalog/catalog.h"
#include "cli/json_text.h"

namespace zubr::cli {

// "8.03B", "135M"; "-" where it is not known.
std::string size_text(const std::optional<std::int64_t>& parameters);
// "46.7B (12.9B active)"
std::string size_text(const catalog::ModelRecord& record);
std::string tokens_text(const std::optional<std::int64_t>& tokens);            // "128k", "1M", "2,048"
std::string count_text(const std::optional<std::int64_t>& count);              // "118.7M"
std::string price_text(const std::optional<catalog::PicoDollars>& per_token);  // dollars per million tokens
std::string score_text(const std::optional<double>& score);
std::string or_dash(const std::string& text);
// "open", "paid", "-"
std::string access_text(const catalog::ModelRecord& record);
// The licence in one line: what a company may do with it.
std::string license_line(const catalog::ModelRecord& record);

// Prices are texts of dollars per million tokens, so that nothing is rounded.
Json record_json(const catalog::ModelRecord& record);
Json card_json(const catalog::ModelCard& card);
Json price_json(const std::optional<catalog::PicoDollars>& per_token);
Json maybe(const std::optional<std::int64_t>& value);
Json maybe(const std::optional<double>& value);
Json maybe(const std::optional<bool>& value);
Json texts_json(const std::vector<std::string>& texts);

}  // namespace zubr::cli
