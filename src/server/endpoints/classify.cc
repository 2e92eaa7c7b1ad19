// POST /v1/classify: which of the labels fits each text, from the logits, without generating. Texts of callers with the
// same labels and instruction are evaluated together.
#include <fmt/format.h>

#include <chrono>

#include "bulk/calibration.h"
#include "bulk/decision.h"
#include "bulk/prompt.h"
#include "server/classify/classify_request.h"
#include "server/classify/label_batcher.h"
#include "server/endpoints/endpoints.h"
#include "server/json_text.h"
#include "server/lent_model.h"

namespace zubr::server::endpoints {
namespace {

Result<std::shared_ptr<LabelSet>> open_labels(const LentModel& model, const ClassifyRequest& request,
                                              std::stop_token stop) {
  std::vector<std::string> codes;
  if (request.options.label_mode == bulk::LabelMode::kCode) {
    ZUBR_TRY(one_token, model.backend->label_codes(request.options.labels.size()));
    codes = std::move(one_token);
  }
  ZUBR_TRY(task, bulk::build_task(request.options, codes, model.info.has_chat_template));
  ZUBR_TRY(scorer, model.backend->open_labels(task, stop));
  std::vector<double> prior;
  if (request.options.calibration == bulk::Calibration::kContentFree) {
    const bulk::DecisionRule plain(request.options.length_norm, scorer->label_tokens());
    ZUBR_TRY(measured, bulk::content_free_prior(*scorer, plain, stop));
    prior = std::move(measured);
  }
  const std::int64_t shared = scorer->stats().shared_tokens;
  return std::make_shared<LabelSet>(std::move(scorer), shared, std::move(prior));
}

std::string result_json(const ClassifyRequest& request, std::size_t index, const bulk::Decision& decision) {
  const auto name = [&](const bulk::RankedLabel& ranked) {
    return json_text(request.options.labels[static_cast<std::size_t>(ranked.label)].name);
  };
  const bulk::RankedLabel& best = decision.ranked.front();
  std::string out = fmt::format(R"({{"index":{},"label":{},"probability":{:.6g},"margin":{:.6g},"probabilities":{{)",
                                index, name(best), best.probability, decision.margin);
  const std::size_t count = request.top > 0 ? static_cast<std::size_t>(request.top) : decision.ranked.size();
  for (std::size_t i = 0; i < count; ++i)
    out += fmt::format("{}{}:{:.6g}", i == 0 ? "" : ",", name(decision.ranked[i]), decision.ranked[i].probability);
  return out + "}}";
}

}  // namespace

void classify(const Site& site, const Request& request, Exchange& exchange) {
  const auto refuse = [&](const ApiError& error) { exchange.send(error_response(error)); };
  const auto wanted = parse_classify_request(request.body, site.limits);
  if (!wanted) return refuse(wanted.error());
  const std::stop_token stop = exchange.stop_token();
  const auto lent = lend(site, {.name = wanted->model}, stop);
  if (!lent) return refuse(lent.error());
  const LentModel& model = *lent;
  const auto set = site.labels.find(
      model.scope + wanted->label_key(), [&](std::stop_token token) { return open_labels(model, *wanted, token); },
      stop);
  if (!set) return refuse(request_error(set.error(), "labels"));

  std::vector<inference::PreparedText> texts;
  std::int64_t tokens = 0;
  for (std::size_t i = 0; i < wanted->inputs.size(); ++i) {
    auto text = (*set)->prepare(wanted->inputs[i]);
    if (!text) return refuse(request_error(text.error(), wanted->one_input ? "input" : fmt::format("input[{}]", i)));
    tokens += std::ssize(text->tokens);
    texts.push_back(*std::move(text));
  }
  const auto scores = (*set)->score(std::move(texts), stop);
  if (!scores) return refuse(request_error(scores.error(), "input"));

  const bulk::DecisionRule rule(wanted->options.length_norm, (*set)->label_tokens(), (*set)->prior());
  std::string results;
  for (std::size_t i = 0; i < scores->size(); ++i)
    results += (i == 0 ? "" : ",") + result_json(*wanted, i, rule.decide((*scores)[i]));
  const std::int64_t shared = (*set)->shared_tokens() * std::ssize(*scores);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  Response response;
  response.body =
      fmt::format(R"({{"id":"classify-{}","object":"classification","created":{},"model":{},"results":[{}],)"
                  R"("usage":{{"prompt_tokens":{},"completion_tokens":0,"total_tokens":{},)"
                  R"("prompt_tokens_details":{{"cached_tokens":{}}}}}}})",
                  request.id, std::chrono::duration_cast<std::chrono::seconds>(now).count(), json_text(model.info.name),
                  results, tokens + shared, tokens + shared, shared);
  exchange.send(std::move(response));
}

}  // namespace zubr::server::endpoints
