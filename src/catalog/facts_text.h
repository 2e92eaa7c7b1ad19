// One fact as one line of JSON, and back: how the catalog keeps what a source said, and what a snapshot is made of.
// Members that are not known are left out. Pure.
#pragma once

#include <string>
#include <string_view>

#include "catalog/facts.h"
#include "core/result.h"

namespace zubr::catalog {

// With or without offers, files and scores, which the catalog keeps in tables of their own.
enum class FactParts { kAll, kModelOnly };

std::string fact_line(const ModelFact& fact, FactParts parts = FactParts::kAll);
std::string fact_line(const DatasetFact& fact);
std::string fact_line(const SourceInfo& source);

// kCorrupt: no JSON, or without an address.
Result<ModelFact> parse_model_fact(std::string_view line);
Result<DatasetFact> parse_dataset_fact(std::string_view line);
Result<SourceInfo> parse_source_info(std::string_view line);

// "finetune", "" …
std::string_view relation_text(BaseRelation relation);
BaseRelation relation_of(std::string_view text);

}  // namespace zubr::catalog
