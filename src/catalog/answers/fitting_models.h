// Models in groups: those that run on a machine, each with what of it fits best; those that are compared.
#pragma once

#include <vector>

#include "catalog/fits.h"

namespace zubr::catalog {

struct FittingModel {
  ModelRecord record;
  Fit fit;  // with a best
};

// `context` 0: each model's own, at most 8,192.
Result<std::vector<FittingModel>> fitting_models(Catalog& catalog, std::int64_t context, int limit,
                                                 const Machine& machine);

// kInvalidArgument where two names mean one model.
Result<std::vector<ModelCard>> cards_to_compare(Catalog& catalog, const std::vector<std::string>& names);

}  // namespace zubr::catalog
