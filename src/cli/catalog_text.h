// How models of the catalog look in tables. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "catalog/answers/record_json.h"
#include "cli/json_text.h"

namespace zubr::cli {

using catalog::card_json;
using catalog::license_line;
using catalog::maybe;
using catalog::price_json;
using catalog::record_json;
using catalog::texts_json;

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

}  // namespace zubr::cli
