#include "catalog/answers/record_json.h"

#include <algorithm>

#include "catalog/facts_text.h"
#include "core/display.h"

namespace zubr::catalog {
namespace {

using core::JsonMember;

Json offer_json(const ServedOffer& served) {
  const Offer& offer = served.offer;
  return Json::object({{"provider", offer.provider},
                       {"variant", offer.tag},
                       {"listed_by", served.listing.source},
                       {"as", served.listing.name},
                       {"input", price_json(offer.input)},
                       {"output", price_json(offer.output)},
                       {"cached_input", price_json(offer.cached_input)},
                       {"context", maybe(offer.context)},
                       {"max_output", maybe(offer.max_output)},
                       {"quantization", offer.quantization},
                       {"latency_ms", maybe(offer.latency_ms)},
                       {"tokens_per_second", maybe(offer.tokens_per_second)},
                       {"trains_on_prompts", maybe(offer.trains)},
                       {"keeps_prompts", maybe(offer.retains)},
                       {"region", offer.region}});
}

Json fit_row_json(const FitRow& row) {
  const auto bytes = [](std::uint64_t value) { return Json(static_cast<std::int64_t>(value)); };
  return Json::object({{"quantization", row.quantization},
                       {"file", row.file},
                       {"weights_bytes", bytes(row.weights)},
                       {"cache_bytes", bytes(row.cache)},
                       {"total_bytes", bytes(row.total)},
                       {"fits", row.fits},
                       {"tokens_per_second_full_context", row.tokens_per_second_full},
                       {"tokens_per_second_empty_context", row.tokens_per_second_empty}});
}

}  // namespace

std::string license_line(const ModelRecord& record) {
  if (record.open == false) return message("no weights to have: served for money under the provider's terms");
  const std::string gated =
      record.gated == true ? message("; its page asks to accept conditions first") : std::string();
  if (record.license.empty()) return message("no licence is known: look at its page before using it") + gated;
  const auto free = permissive_licenses();
  if (std::ranges::find(free, record.license) != free.end())
    return message("{}: commercial use, changes and passing on are allowed", record.license) + gated;
  if (record.license.find("nc") != std::string::npos || record.license.find("non-commercial") != std::string::npos)
    return message("{}: not for commercial use", record.license) + gated;
  return message("{}: own conditions; read them on its page before commercial use", record.license) + gated;
}

Json price_json(const std::optional<PicoDollars>& per_token) {
  return per_token ? Json(core::display_per_million(*per_token)) : Json(nullptr);
}
Json maybe(const std::optional<std::int64_t>& value) { return value ? Json(*value) : Json(nullptr); }
Json maybe(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }
Json maybe(const std::optional<bool>& value) { return value ? Json(*value) : Json(nullptr); }
Json texts_json(const std::vector<std::string>& texts) {
  std::vector<Json> items;
  for (const std::string& text : texts) items.emplace_back(text);
  return Json::array(std::move(items));
}

Json record_json(const ModelRecord& record) {
  std::vector<std::string> inputs, outputs;
  for (const unsigned bit : {1u, 2u, 4u, 8u, 16u, 32u}) {
    if ((record.inputs & bit) != 0) inputs.push_back(modalities_text(bit));
    if ((record.outputs & bit) != 0) outputs.push_back(modalities_text(bit));
  }
  return Json::object({{"id", record.address.name},
                       {"source", record.address.source},
                       {"name", record.name},
                       {"author", record.author},
                       {"open", maybe(record.open)},
                       {"gated", maybe(record.gated)},
                       {"license", record.license},
                       {"task", record.task},
                       {"parameters", maybe(record.parameters)},
                       {"active_parameters", maybe(record.active_parameters)},
                       {"context", maybe(record.context)},
                       {"inputs", texts_json(inputs)},
                       {"outputs", texts_json(outputs)},
                       {"languages", texts_json(record.languages)},
                       {"usd_per_million_input", price_json(record.input)},
                       {"usd_per_million_output", price_json(record.output)},
                       {"free_offer", record.free},
                       {"score", maybe(record.score)},
                       {"downloads", maybe(record.downloads)},
                       {"likes", maybe(record.likes)},
                       {"pulls", maybe(record.pulls)},
                       {"trending", maybe(record.trending)},
                       {"created", record.created},
                       {"modified", record.modified},
                       {"base", record.base},
                       {"relation", std::string(relation_text(record.relation))}});
}

Json card_json(const ModelCard& card) {
  std::vector<Json> addresses, offers, files, scores, history;
  for (const auto& address : card.addresses)
    addresses.push_back(Json::object({{"source", address.source}, {"name", address.name}}));
  for (const auto& served : card.offers) offers.push_back(offer_json(served));
  for (const auto& file : card.files)
    files.push_back(Json::object(
        {{"name", file.name}, {"quantization", file.quantization}, {"bytes", static_cast<std::int64_t>(file.bytes)}}));
  for (const auto& score : card.scores)
    scores.push_back(Json::object({{"benchmark", score.score.benchmark},
                                   {"value", score.score.value},
                                   {"date", score.score.date},
                                   {"source", score.source}}));
  for (const auto& point : card.history)
    history.push_back(Json::object({{"date", point.day},
                                    {"listed_by", point.source},
                                    {"provider", point.provider},
                                    {"input", price_json(point.input)},
                                    {"output", price_json(point.output)}}));
  Json json = record_json(card.record);
  auto& members = std::get<std::vector<JsonMember>>(json.value);
  members.emplace_back("license_in_one_line", license_line(card.record));
  members.emplace_back("addresses", Json::array(std::move(addresses)));
  members.emplace_back("files", Json::array(std::move(files)));
  members.emplace_back("offers", Json::array(std::move(offers)));
  members.emplace_back("scores", Json::array(std::move(scores)));
  members.emplace_back("price_history", Json::array(std::move(history)));
  members.emplace_back("derived", texts_json(card.derived));
  members.emplace_back("derived_count", card.derived_count);
  return json;
}

Json page_json(const SearchPage& page) {
  std::vector<Json> items;
  for (const ModelRecord& record : page.records) items.push_back(record_json(record));
  return Json::object({{"models", Json::array(std::move(items))}, {"more", page.more}});
}

Json board_json(const std::vector<BoardRow>& rows) {
  std::vector<Json> items;
  std::int64_t rank = 0;
  for (const BoardRow& row : rows) {
    Json json = record_json(row.record);
    auto& members = std::get<std::vector<JsonMember>>(json.value);
    members.insert(members.begin(),
                   {{"rank", ++rank}, {"value", row.value}, {"date", row.day}, {"listed_by", row.source}});
    items.push_back(std::move(json));
  }
  return Json::array(std::move(items));
}

Json benchmarks_json(const std::vector<BenchmarkRow>& rows) {
  std::vector<Json> items;
  for (const BenchmarkRow& row : rows)
    items.push_back(Json::object({{"benchmark", row.name}, {"models", row.models}, {"date", row.day}}));
  return Json::array(std::move(items));
}

std::vector<std::string> words_of(const std::vector<std::string>& spaced) {
  std::vector<std::string> words;
  for (const std::string& all : spaced)
    for (std::size_t at = 0; at < all.size();) {
      const std::size_t end = std::min(all.find(' ', at), all.size());
      if (end > at) words.push_back(all.substr(at, end - at));
      at = end + 1;
    }
  return words;
}

Json datasets_json(const std::vector<DatasetFact>& sets) {
  std::vector<Json> items;
  for (const DatasetFact& set : sets)
    items.push_back(Json::object({{"id", set.name},
                                  {"license", set.license},
                                  {"rows", set.size},
                                  {"languages", texts_json(words_of(set.languages))},
                                  {"tasks", texts_json(words_of(set.tasks))},
                                  {"downloads", maybe(set.downloads)},
                                  {"likes", maybe(set.likes)},
                                  {"trending", maybe(set.trending)},
                                  {"created", set.created},
                                  {"modified", set.modified}}));
  return Json::array(std::move(items));
}

Json fit_json(const ModelRecord& record, const Fit& fit, const Machine& machine) {
  std::vector<Json> rows;
  for (const FitRow& row : fit.rows) rows.push_back(fit_row_json(row));
  return Json::object({{"id", record.address.name},
                       {"context", fit.context},
                       {"cache_estimated", fit.cache_estimated},
                       {"memory_bytes", static_cast<std::int64_t>(machine.memory)},
                       {"bandwidth_bytes_per_second", machine.bytes_per_second},
                       {"best", fit.best ? fit_row_json(fit.rows[*fit.best]) : Json(nullptr)},
                       {"rows", Json::array(std::move(rows))}});
}

}  // namespace zubr::catalog
