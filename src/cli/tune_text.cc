#include "cli/tune_text.h"

#include <algorithm>

#include "core/display.h"
#include "core/message.h"

namespace zubr::cli {
namespace {

using core::display_count;

constexpr std::size_t kShown = 10;

}  // namespace

std::string material_text(const train::Material& material, train::RecordForm form) {
  const train::MaterialReport& r = material.report;
  const train::LengthReport& l = r.lengths;
  std::string text =
      message("{} records ({}): {} examples to train on, {} to validate with", display_count(r.records),
              train::form_name(form), display_count(std::ssize(material.train)),
              display_count(std::ssize(material.validation))) +
      "\n" +
      message(
          "tokens of an example: {} at least, {} in the middle, {} at 95 %, {} at most; {} in all, {} of them answers",
          l.shortest, l.median, l.p95, l.longest, display_count(l.tokens), display_count(l.answer_tokens)) +
      "\n";
  if (r.duplicates > 0)
    text += message("{} examples are there twice and were left out", display_count(r.duplicates)) + "\n";
  if (r.contradictions > 0) text += message("{} prompts have several answers", display_count(r.contradictions)) + "\n";
  if (r.leaks > 0)
    text +=
        message("{} examples have a prompt of the validation file and were left out", display_count(r.leaks)) + "\n";
  return text;
}

Json material_json(const train::Material& material, train::RecordForm form) {
  const train::MaterialReport& r = material.report;
  const train::LengthReport& l = r.lengths;
  std::vector<Json> bad;
  for (const train::BadRow& row : r.bad) bad.push_back(Json::object({{"row", row.row}, {"reason", row.reason}}));
  return Json::object({{"form", train::form_name(form)},
                       {"records", r.records},
                       {"train_examples", std::ssize(material.train)},
                       {"validation_examples", std::ssize(material.validation)},
                       {"unusable", Json::array(std::move(bad))},
                       {"too_long", r.too_long},
                       {"duplicates", r.duplicates},
                       {"contradictions", r.contradictions},
                       {"leaks", r.leaks},
                       {"tokens", l.tokens},
                       {"answer_tokens", l.answer_tokens},
                       {"tokens_shortest", l.shortest},
                       {"tokens_median", l.median},
                       {"tokens_p95", l.p95},
                       {"tokens_longest", l.longest}});
}

std::string bad_rows_text(const std::vector<train::BadRow>& bad) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, bad.size()); ++i)
    text += message("row {}: {}", bad[i].row, bad[i].reason) + "\n";
  if (bad.size() > kShown) text += message("… and {} more", bad.size() - kShown) + "\n";
  return text;
}

std::string event_text(const train::TuneEvent& e, std::int64_t tokens_left) {
  using Kind = train::TuneEvent::Kind;
  switch (e.kind) {
    case Kind::kStart:
      if (e.step > 0) return message("goes on after step {} of {}", e.step, e.steps);
      return message("training {} parameters in {} steps", display_count(e.parameters), e.steps);
    case Kind::kStep: {
      const double speed = std::max(1e-9, e.tokens_per_second);
      const auto left = std::chrono::duration<double>(static_cast<double>(tokens_left) / speed);
      return message("step {} of {}, loss {:.4f}, {} tokens/s, {} left", e.step, e.steps, e.loss,
                     core::display_rate(e.tokens_per_second),
                     core::display_duration(std::chrono::duration_cast<std::chrono::nanoseconds>(left)));
    }
    case Kind::kEval:
      return e.best ? message("step {}: validation loss {:.4f}, the best so far", e.step, e.loss)
                    : message("step {}: validation loss {:.4f}", e.step, e.loss);
    case Kind::kEarly: return message("ends at step {}: validation got no better", e.step);
    default: return {};
  }
}

}  // namespace zubr::cli
