// GET /api/catalog/…: which models there are, what they cost, how good they are, what of them runs here. The answers
// are those of the commands with --json (catalog/answers/desk.h), and so are the names of the parameters.
#include "catalog/answers/desk.h"
#include "server/api_error.h"
#include "server/endpoints/endpoints.h"

namespace zubr::server::endpoints {
namespace {

using Parameters = catalog::Desk::Parameters;
constexpr std::size_t kMostParameters = 64;

// "a=b&c": application/x-www-form-urlencoded, where '+' is a blank.
Result<Parameters> parse_query(std::string_view query) {
  Parameters parameters;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    std::string one(query.substr(0, end));
    query.remove_prefix(std::min(end + 1, query.size()));
    if (one.empty()) continue;
    for (char& c : one)
      if (c == '+') c = ' ';
    const std::size_t equals = std::min(one.find('='), one.size());
    std::string name, value;
    const bool whole = percent_decode(one.substr(0, equals), name) &&
                       percent_decode(equals < one.size() ? one.substr(equals + 1) : "", value);
    if (!whole)
      return fail(ErrorCode::kInvalidArgument, "'{}' in the address is not UTF-8 with percents as RFC 3986 has them",
                  one);
    if (parameters.size() >= kMostParameters)
      return fail(ErrorCode::kInvalidArgument, "the address has over {} parameters", kMostParameters);
    parameters.emplace_back(std::move(name), std::move(value));
  }
  return parameters;
}

template <typename Ask>
void answer(const Site& site, const Request& request, Exchange& exchange, Ask ask) {
  const auto refuse = [&](const Error& error) {
    exchange.send(error_response(api_error(error), dialect_of(request.path)));
  };
  if (site.desk == nullptr) return refuse(Error(ErrorCode::kNotFound, message("this server has no catalog")));
  const auto parameters = parse_query(request.query);
  if (!parameters) return refuse(parameters.error());
  auto json = ask(*site.desk, *parameters);
  if (!json) return refuse(json.error());
  Response response;
  response.body = std::move(*json);
  exchange.send(std::move(response));
}

}  // namespace

void catalog_search(const Site& site, const Request& request, Exchange& exchange) {
  answer(site, request, exchange, [](catalog::Desk& desk, const Parameters& asked) { return desk.search(asked); });
}
void catalog_model(const Site& site, const Request& request, Exchange& exchange) {
  answer(site, request, exchange,
         [&](catalog::Desk& desk, const Parameters& asked) { return desk.model(request.parameter, asked); });
}
void catalog_compare(const Site& site, const Request& request, Exchange& exchange) {
  answer(site, request, exchange, [](catalog::Desk& desk, const Parameters& asked) { return desk.compare(asked); });
}
void catalog_leaderboard(const Site& site, const Request& request, Exchange& exchange) {
  answer(site, request, exchange, [](catalog::Desk& desk, const Parameters& asked) { return desk.leaderboard(asked); });
}
void catalog_datasets(const Site& site, const Request& request, Exchange& exchange) {
  answer(site, request, exchange, [](catalog::Desk& desk, const Parameters& asked) { return desk.datasets(asked); });
}
void catalog_fits(const Site& site, const Request& request, Exchange& exchange) {
  answer(site, request, exchange, [](catalog::Desk& desk, const Parameters& asked) { return desk.fits(asked); });
}

}  // namespace zubr::server::endpoints
