#include "cli/catalog_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/facts_text.h"
#include "core/display.h"

namespace zubr::cli {
namespace {

using catalog::ModelCard;
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

Json offer_json(const catalog::ServedOffer& served) {
  const catalog::Offer& offer = served.offer;
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

std::string license_line(const ModelRecord& record) {
  if (record.open == false) return message("no weights to have: served for money under the provider's terms");
  const std::string gated =
      record.gated == true ? message("; its page asks to accept conditions first") : std::string();
  if (record.license.empty()) return message("no licence is known: look at its page before using it") + gated;
  const auto free = catalog::permissive_licenses();
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
    if ((record.inputs & bit) != 0) inputs.push_back(catalog::modalities_text(bit));
    if ((record.outputs & bit) != 0) outputs.push_back(catalog::modalities_text(bit));
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
                       {"relation", std::string(catalog::relation_text(record.relation))}});
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

}  // namespace zubr::cli
