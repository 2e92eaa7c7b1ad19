#include "catalog/answers/fitting_models.h"

#include <algorithm>

#include "catalog/search.h"

namespace zubr::catalog {

Result<std::vector<FittingModel>> fitting_models(Catalog& catalog, std::int64_t context, int limit,
                                                 const Machine& machine) {
  // Some that search finds turn out too large with their cache.
  Query query{.task = "text-generation", .limit = limit * 3};
  query.fits_bytes = bytes_for_weights(machine.memory);
  ZUBR_TRY(page, search(catalog, query));
  std::vector<FittingModel> models;
  for (const ModelRecord& record : page.records) {
    if (static_cast<int>(models.size()) >= limit) break;
    ZUBR_TRY(card, catalog.card(record.id));
    auto fits = fit(record, card.files, std::min(context, record.context.value_or(context)), machine);
    if (fits && fits->best) models.push_back({record, std::move(*fits)});
  }
  return models;
}

Result<std::vector<ModelCard>> cards_to_compare(Catalog& catalog, const std::vector<std::string>& names) {
  std::vector<ModelCard> cards;
  for (const std::string& name : names) {
    ZUBR_TRY(id, catalog.resolve(name));
    const auto same = std::ranges::find(cards, id, [](const ModelCard& card) { return card.record.id; });
    if (same != cards.end())
      return fail(ErrorCode::kInvalidArgument, "'{}' is the same model as {}; name another one", name,
                  same->record.address.name);
    ZUBR_TRY(card, catalog.card(id));
    cards.push_back(std::move(card));
  }
  return cards;
}

}  // namespace zubr::catalog
