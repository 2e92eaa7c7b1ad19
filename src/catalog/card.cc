// Catalog::card(): everything that is known about one model.
#include <algorithm>
#include <tuple>

#include "catalog/catalog.h"

namespace zubr::catalog {
namespace {

constexpr int kMaxHistory = 50;
constexpr int kMaxDerived = 20;

std::optional<PicoDollars> money(const std::optional<std::int64_t>& count) {
  return count ? std::optional(PicoDollars{*count}) : std::nullopt;
}
std::optional<bool> flag(const std::optional<std::int64_t>& value) {
  return value ? std::optional(*value != 0) : std::nullopt;
}

// Runs a query with one parameter and hands each row to `take`.
template <typename Take>
Result<void> each(storage::Database& database, std::string_view sql, std::int64_t id, Take take) {
  ZUBR_TRY(query, database.prepare(sql));
  query.bind(1, id);
  for (;;) {
    ZUBR_TRY(more, query.step());
    if (!more) return {};
    take(query);
  }
}

Result<void> read_offers(storage::Database& database, std::int64_t id, ModelCard& card) {
  ZUBR_CHECK(
      each(database,
           "SELECT provider, tag, input, output, cached, offer.context, max_output, quantization, latency, speed, "
           "trains, retains, region, listing.source, listing.name FROM offer JOIN listing ON listing.id = "
           "offer.listing WHERE listing.model = ?",
           id, [&card](const storage::Statement& row) {
             card.offers.push_back({{.provider = row.text(0),
                                     .tag = row.text(1),
                                     .input = money(row.maybe_integer(2)),
                                     .output = money(row.maybe_integer(3)),
                                     .cached_input = money(row.maybe_integer(4)),
                                     .context = row.maybe_integer(5),
                                     .max_output = row.maybe_integer(6),
                                     .quantization = row.text(7),
                                     .latency_ms = row.maybe_number(8),
                                     .tokens_per_second = row.maybe_number(9),
                                     .trains = flag(row.maybe_integer(10)),
                                     .retains = flag(row.maybe_integer(11)),
                                     .region = row.text(12)},
                                    {row.text(13), row.text(14)}});
           }));
  const auto rank = [](const ServedOffer& served) {
    const bool known = served.offer.input && served.offer.output;
    return std::tuple(!known, known ? blended(*served.offer.input, *served.offer.output).count : 0,
                      served.offer.provider, served.listing);
  };
  std::ranges::sort(card.offers, [&](const ServedOffer& a, const ServedOffer& b) { return rank(a) < rank(b); });
  return {};
}

Result<void> read_files_and_scores(storage::Database& database, std::int64_t id, ModelCard& card) {
  ZUBR_CHECK(each(database,
                  "SELECT DISTINCT file.name, quantization, bytes FROM file JOIN listing ON listing.id = file.listing "
                  "WHERE listing.model = ? ORDER BY bytes = 0, bytes, file.name",
                  id, [&card](const storage::Statement& row) {
                    card.files.push_back({row.text(0), row.text(1), static_cast<std::uint64_t>(row.integer(2))});
                  }));
  return each(database,
              "SELECT benchmark, value, day, listing.source FROM score JOIN listing ON listing.id = score.listing "
              "WHERE listing.model = ? ORDER BY benchmark, value DESC",
              id, [&card](const storage::Statement& row) {
                const bool again = !card.scores.empty() && card.scores.back().score.benchmark == row.text(0);
                if (!again) card.scores.push_back({{row.text(0), row.number(1), row.text(2)}, row.text(3)});
              });
}

Result<void> read_history(storage::Database& database, std::int64_t id, ModelCard& card) {
  return each(database,
              fmt::format("SELECT price_change.day, price_change.source, provider, input, output FROM price_change "
                          "JOIN listing ON listing.source = price_change.source AND listing.name = price_change.name "
                          "WHERE listing.model = ? ORDER BY price_change.day DESC, provider LIMIT {}",
                          kMaxHistory),
              id, [&card](const storage::Statement& row) {
                card.history.push_back(
                    {row.text(0), row.text(1), row.text(2), money(row.maybe_integer(3)), money(row.maybe_integer(4))});
              });
}

Result<void> read_derived(storage::Database& database, std::int64_t id, ModelCard& card) {
  constexpr std::string_view kFrom =
      "FROM model AS child JOIN address ON address.source = 'hf' AND address.name = child.base COLLATE NOCASE "
      "WHERE address.model = ?1 AND child.id <> ?1 AND child.base <> ''";
  ZUBR_CHECK(each(database, fmt::format("SELECT count(*) {}", kFrom), id,
                  [&card](const storage::Statement& row) { card.derived_count = row.integer(0); }));
  return each(database, fmt::format("SELECT child.address {} ORDER BY child.weight DESC LIMIT {}", kFrom, kMaxDerived),
              id, [&card](const storage::Statement& row) { card.derived.push_back(row.text(0)); });
}

}  // namespace

Result<ModelCard> Catalog::card(std::int64_t id) {
  ModelCard card;
  bool found = false;
  ZUBR_CHECK(each(database_, fmt::format("SELECT {} FROM model WHERE id = ?", record_columns()), id,
                  [&](const storage::Statement& row) {
                    card.record = read_record(row);
                    found = true;
                  }));
  if (!found) return fail(ErrorCode::kNotFound, "the catalog has no model {}", id);
  ZUBR_CHECK(each(database_, "SELECT source, name FROM address WHERE model = ? ORDER BY source, name", id,
                  [&card](const storage::Statement& row) {
                    card.addresses.push_back({row.text(0), row.text(1)});
                  }));
  ZUBR_CHECK(read_offers(database_, id, card));
  ZUBR_CHECK(read_files_and_scores(database_, id, card));
  ZUBR_CHECK(read_history(database_, id, card));
  ZUBR_CHECK(read_derived(database_, id, card));
  return card;
}

}  // namespace zubr::catalog
