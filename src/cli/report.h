// What a finished job says: one line for people, JSON for --report. Pure.
#pragma once

#include <string>

#include "bulk/classify.h"
#include "bulk/embed.h"

namespace zubr::cli {

// "20,000 rows (18,200 distinct texts) at 84.2 rows/s; 52,101 prompt tokens evaluated, row by row it would have been
// 4,401,200; 3 rows have an error". Rows per second are over the evaluation.
std::string classify_summary(const bulk::ClassifyReport& report);
std::string classify_report_json(const bulk::ClassifyReport& report, const std::string& model);

std::string embed_summary(const bulk::EmbedReport& report);
std::string embed_report_json(const bulk::EmbedReport& report, const std::string& model);

}  // namespace zubr::cli
