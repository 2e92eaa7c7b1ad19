#include "catalog/answers/search_arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/nearest.h"

namespace zubr::catalog {
namespace {

constexpr std::size_t kShownChoices = 30;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// "7b", "1.5B", "135m", "8000000000"; `thousand` is what a "k" is.
std::optional<std::int64_t> parse_count(std::string_view text, double thousand) {
  double unit = 1;
  const std::string word = lower(text);
  std::string_view digits = word;
  if (!digits.empty()) {
    const char last = digits.back();
    if (last == 'k') unit = thousand;
    if (last == 'm') unit = thousand * thousand;
    if (last == 'b') unit = 1e9;
    if (last == 't') unit = 1e12;
    if (unit != 1) digits.remove_suffix(1);
  }
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || !(value > 0) || value * unit > 9e15)
    return std::nullopt;
  return static_cast<std::int64_t>(std::llround(value * unit));
}

tl::unexpected<Error> no_range(std::string_view text, std::string_view option) {
  return fail(ErrorCode::kInvalidArgument, "{} '{}' is no range of sizes; examples: 7b..13b, ..3b, 70b..", option,
              text);
}

}  // namespace

Result<Range> parse_parameter_range(std::string_view text, std::string_view option) {
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) {
    const auto size = parse_count(text, 1e3);
    if (!size) return no_range(text, option);
    return Range{*size - *size / 10, *size + *size / 10};
  }
  Range range;
  const std::string_view from = text.substr(0, dots), to = text.substr(dots + 2);
  if (!from.empty()) range.min = parse_count(from, 1e3);
  if (!to.empty()) range.max = parse_count(to, 1e3);
  const bool broken = (!from.empty() && !range.min) || (!to.empty() && !range.max) || (from.empty() && to.empty());
  if (broken || (range.min && range.max && *range.min > *range.max)) return no_range(text, option);
  return range;
}

Result<std::int64_t> parse_tokens(std::string_view text, std::string_view option) {
  // People write 128k for 131,072 and 1m for a million or a little more: both are meant.
  const auto tokens = lower(text).ends_with('m') ? parse_count(text, 1e3) : parse_count(text, 1024);
  if (!tokens)
    return fail(ErrorCode::kInvalidArgument, "{} '{}' is no number of tokens; examples: 32768, 128k, 1m", option, text);
  return *tokens;
}

Result<Sort> parse_sort(std::string_view text, std::string_view option) {
  constexpr std::array<std::pair<std::string_view, Sort>, 7> kSorts{{{"best", Sort::kBest},
                                                                     {"trending", Sort::kTrending},
                                                                     {"downloads", Sort::kDownloads},
                                                                     {"score", Sort::kScore},
                                                                     {"price", Sort::kPrice},
                                                                     {"popular", Sort::kPopular},
                                                                     {"new", Sort::kNew}}};
  for (const auto& [name, sort] : kSorts)
    if (name == text) return sort;
  return fail(ErrorCode::kInvalidArgument, "{} '{}' is not known; one of {}", option, text, kSortChoices);
}

Result<void> check_facet(Catalog& catalog, Facet facet, const std::string& value, std::string_view option) {
  if (value.empty()) return {};
  ZUBR_TRY(values, facet_values(catalog, facet));
  if (std::ranges::find(values, value) != values.end()) return {};
  const auto near = core::nearest(value, values);
  if (values.size() > kShownChoices) values.resize(kShownChoices);
  const std::string known = fmt::format("{}", fmt::join(values, ", "));
  if (near)
    return fail(ErrorCode::kInvalidArgument, "{} '{}' is not known; did you mean {}? The most frequent are: {}", option,
                value, *near, known);
  return fail(ErrorCode::kInvalidArgument, "{} '{}' is not known; the most frequent are: {}", option, value, known);
}

Result<Query> query_of(const SearchArguments& arguments, Catalog& catalog) {
  const auto option = [&](std::string_view name) { return std::string(arguments.dash) + std::string(name); };
  Query query;
  query.text = arguments.text;
  query.author = arguments.author;
  query.task = lower(arguments.task);
  query.language = lower(arguments.language);
  query.license = lower(arguments.license);
  ZUBR_CHECK(check_facet(catalog, Facet::kTask, query.task, option("task")));
  ZUBR_CHECK(check_facet(catalog, Facet::kLanguage, query.language, option("lang")));
  if (query.license != "permissive")
    ZUBR_CHECK(check_facet(catalog, Facet::kLicense, query.license, option("license")));
  if (!arguments.modality.empty()) {
    query.modalities = modality_of(lower(arguments.modality));
    if (query.modalities == 0)
      return fail(ErrorCode::kInvalidArgument, "{} '{}' is not known; one of text, vision, audio, video, file, vector",
                  option("modality"), arguments.modality);
  }
  if (!arguments.parameters.empty()) {
    ZUBR_TRY(range, parse_parameter_range(arguments.parameters, option("params")));
    query.min_parameters = range.min;
    query.max_parameters = range.max;
  }
  if (!arguments.context.empty()) {
    ZUBR_TRY(tokens, parse_tokens(arguments.context, option("context")));
    // A model of 128,000 or 131,072 tokens is one of "128k".
    query.min_context = tokens % 1024 == 0 ? tokens / 1024 * 1000 : tokens;
  }
  if (!arguments.max_price.empty()) {
    ZUBR_TRY(price, core::parse_dollars_per_million(arguments.max_price));
    query.max_price = price;
  }
  if (arguments.open && arguments.commercial)
    return fail(ErrorCode::kInvalidArgument, "--open and --commercial together leave no model; give one of them");
  if (arguments.open) query.open = true;
  if (arguments.commercial) query.open = false;
  if (arguments.not_gated) query.gated = false;
  ZUBR_TRY(sort, parse_sort(arguments.sort, option("sort")));
  query.sort = sort;
  query.limit = arguments.limit;
  query.offset = (arguments.page - 1) * arguments.limit;
  return query;
}

}  // namespace zubr::catalog
