#include "bulk/job/patience.h"
#include "bulk/job/questions.h"
#include "bulk/job/step.h"
#include "formats/row_writer.h"

namespace zubr::bulk {
namespace {

constexpr std::size_t kTextsPerCall = 64;

class EmbedStep final : public Step {
 public:
  EmbedStep(const StepSpec& spec, std::size_t text_column, OpenedModel model, Answers* answers)
      : normalize_(std::get<EmbedSpec>(spec.what).normalize),
        text_column_(text_column),
        model_(std::move(model)),
        answers_(answers),
        columns_{{spec.name, "FLOAT[]", false}},
        fingerprint_(fmt::format("embed 1 {} {}", normalize_, model_.digest)) {}

  const std::vector<formats::Column>& columns() const override { return columns_; }

  Result<void> run(ShardRows& rows, const std::vector<std::uint32_t>& active, std::vector<std::vector<Value>>& values,
                   const Answered& answered, std::stop_token stop) override {
    QuestionDesk desk(*answers_, fingerprint_, rows, values, answered);
    std::string scratch;
    ZUBR_TRY(open, desk.open_questions(active, [&](std::size_t row) -> Result<std::string> {
      const auto text = rows.value(row, text_column_, scratch);
      if (!text || text->empty()) return fail(ErrorCode::kInvalidArgument, "the text is empty");
      return std::string(*text);
    }));
    for (std::size_t from = 0; from < open.size(); from += kTextsPerCall) {
      const std::size_t count = std::min(kTextsPerCall, open.size() - from);
      inference::EmbedRequest request{.model = {}, .texts = {}, .normalize = normalize_};
      for (std::size_t i = 0; i < count; ++i) request.texts.push_back(open[from + i].text);
      auto vectors = with_patience([&] { return model_.backend->embed(request, stop); }, stop);
      if (!vectors) return fail(std::move(vectors).error());
      if (stop.stop_requested()) return fail(ErrorCode::kCancelled, "stopped");
      for (std::size_t i = 0; i < count; ++i) {
        auto& vector = (*vectors)[i];
        if (!vector) {
          if (!is_of_the_row(vector.error().code())) return fail(std::move(vector).error());
          desk.refuse(open[from + i], vector.error());
          continue;
        }
        std::string text;
        formats::append_json_array(text, vector->values);
        ZUBR_CHECK(desk.answer(open[from + i], {std::move(text)}));
      }
      desk.report();
    }
    return {};
  }

 private:
  bool normalize_;
  std::size_t text_column_;
  OpenedModel model_;
  Answers* answers_;
  std::vector<formats::Column> columns_;
  std::string fingerprint_;
};

}  // namespace

Result<std::unique_ptr<Step>> make_embed(const StepSpec& spec, const ColumnMap& columns, const StepTools& tools,
                                         std::stop_token stop) {
  ZUBR_TRY(text_column, columns.find(std::get<EmbedSpec>(spec.what).text));
  ZUBR_TRY(model, tools.open_model(spec.model, tools.concurrency, std::move(stop)));
  if (!model.backend->info().can_embed)
    return fail(ErrorCode::kUnsupported, "the model '{}' gives no embeddings", model.backend->info().name);
  return std::make_unique<EmbedStep>(spec, text_column, std::move(model), tools.answers);
}

}  // namespace zubr::bulk
