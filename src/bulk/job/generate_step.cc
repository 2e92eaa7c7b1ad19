// generate, extract: one generation for each different prompt, several at the same time.
#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "bulk/job/patience.h"
#include "bulk/job/questions.h"
#include "bulk/job/row_template.h"
#include "bulk/job/schema_fields.h"
#include "bulk/job/step.h"

namespace zubr::bulk {
namespace {

struct Given {
  std::size_t question = 0;
  Result<std::vector<Value>> answer;
};

// Runs `ask` for 0 … count - 1 on several threads and gives what comes back to `take`, on this thread, as it comes. The
// first error of `take`, or a stop, ends it.
template <typename Ask, typename Take>
Result<void> ask_all(std::size_t count, int threads, const Ask& ask, const Take& take, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any arrived;
  std::deque<Given> given;
  std::size_t next = 0;
  std::stop_source enough;
  const std::stop_callback forward(stop, [&] { enough.request_stop(); });
  std::vector<std::jthread> askers;
  for (int i = 0; i < threads; ++i) {
    askers.emplace_back([&] {
      for (;;) {
        std::size_t mine = 0;
        {
          const std::lock_guard lock(mutex);
          if (next == count || enough.stop_requested()) return;
          mine = next++;
        }
        Given one{mine, ask(mine, enough.get_token())};
        const std::lock_guard lock(mutex);
        given.push_back(std::move(one));
        arrived.notify_one();
      }
    });
  }
  Result<void> outcome;
  for (std::size_t taken = 0; taken < count && outcome; ++taken) {
    std::unique_lock lock(mutex);
    arrived.wait(lock, stop, [&] { return !given.empty(); });
    if (given.empty()) {
      outcome = fail(ErrorCode::kCancelled, "stopped");
      break;
    }
    Given one = std::move(given.front());
    given.pop_front();
    lock.unlock();
    outcome = take(one);
  }
  enough.request_stop();
  return outcome;
}

class GenerateStep final : public Step {
 public:
  GenerateStep(GenerateSpec spec, std::vector<ExtractSpec::Field> fields, RowTemplate prompt, OpenedModel model,
               const StepTools& tools, std::vector<formats::Column> columns)
      : spec_(std::move(spec)),
        fields_(std::move(fields)),
        prompt_(std::move(prompt)),
        model_(std::move(model)),
        answers_(tools.answers),
        threads_(tools.concurrency),
        columns_(std::move(columns)) {
    BlockWriter print;
    print.add(fmt::format("generate 1 {} {} {}", spec_.max_tokens, spec_.temperature, spec_.seed));
    print.add(model_.digest);
    print.add(spec_.system);
    print.add(spec_.schema);
    for (const auto& field : fields_) print.add(field.property);
    fingerprint_ = print.take();
  }

  const std::vector<formats::Column>& columns() const override { return columns_; }

  Result<void> run(ShardRows& rows, const std::vector<std::uint32_t>& active, std::vector<std::vector<Value>>& values,
                   const Answered& answered, std::stop_token stop) override {
    QuestionDesk desk(*answers_, fingerprint_, rows, values, answered);
    ZUBR_TRY(open, desk.open_questions(active, [&](std::size_t row) { return prompt_.fill(rows, row); }));
    return ask_all(
        open.size(), threads_,
        [&](std::size_t at, const std::stop_token& enough) { return ask(open[at].text, enough); },
        [&](Given& one) -> Result<void> {
          if (one.answer) {
            ZUBR_CHECK(desk.answer(open[one.question], *one.answer));
          } else if (is_of_the_row(one.answer.error().code())) {
            desk.refuse(open[one.question], one.answer.error());
          } else {
            return fail(one.answer.error());
          }
          desk.report();
          return {};
        },
        stop);
  }

 private:
  Result<std::vector<Value>> ask(const std::string& prompt, const std::stop_token& stop) const {
    inference::GenerateRequest request;
    if (!spec_.system.empty()) request.messages.push_back({inference::Role::kSystem, spec_.system});
    if (model_.backend->info().has_chat_template)
      request.messages.push_back({inference::Role::kUser, prompt});
    else
      request.raw_prompt = spec_.system.empty() ? prompt : spec_.system + "\n\n" + prompt;
    request.max_tokens = spec_.max_tokens;
    request.sampling.temperature = spec_.temperature;
    request.sampling.seed = spec_.seed;
    if (!spec_.schema.empty()) request.json_schema = spec_.schema;
    auto answer = attempt(request, stop);
    if (answer || !(answer.error().code() == ErrorCode::kCorrupt)) return answer;
    // Once more: what was wrong is said where the model has a conversation, and another seed tried where it has none.
    if (!request.raw_prompt)
      request.messages.back().content +=
          "\n\n" + message("(An earlier answer was refused: {})", answer.error().message());
    request.sampling.seed = spec_.seed + 1;
    return attempt(request, stop);
  }

  Result<std::vector<Value>> attempt(const inference::GenerateRequest& request, const std::stop_token& stop) const {
    auto generated = with_patience(
        [&] {
          return model_.backend->generate(
              request, [](const inference::Event&) {}, stop);
        },
        stop);
    if (!generated) return fail(std::move(generated).error());
    if (generated->finish == inference::FinishReason::kLength)
      return fail(ErrorCode::kCorrupt, "the answer was not whole after {} tokens; raise max_tokens", spec_.max_tokens);
    std::vector<Value> values{generated->text};
    if (!fields_.empty()) {
      ZUBR_TRY(fields, read_fields(generated->text, fields_));
      std::ranges::move(fields, std::back_inserter(values));
    }
    return values;
  }

  GenerateSpec spec_;
  std::vector<ExtractSpec::Field> fields_;
  RowTemplate prompt_;
  OpenedModel model_;
  Answers* answers_;
  int threads_;
  std::vector<formats::Column> columns_;
  std::string fingerprint_;
};

}  // namespace

Result<std::unique_ptr<Step>> make_generate(const StepSpec& spec, const ColumnMap& columns, const StepTools& tools,
                                            std::stop_token stop) {
  const auto* extract = std::get_if<ExtractSpec>(&spec.what);
  const GenerateSpec& ask = extract != nullptr ? extract->ask : std::get<GenerateSpec>(spec.what);
  ZUBR_TRY(prompt, RowTemplate::parse(ask.prompt, columns));
  const bool json = !ask.schema.empty();
  std::vector<formats::Column> made{{spec.name, json ? "JSON" : "VARCHAR", !json}};
  std::vector<ExtractSpec::Field> fields;
  if (extract != nullptr) fields = extract->fields;
  for (const auto& field : fields)
    made.push_back({spec.name + "_" + field.property, field.type, field.type == "VARCHAR"});
  ZUBR_TRY(model, tools.open_model(spec.model, tools.concurrency, std::move(stop)));
  if (!model.backend->info().can_generate)
    return fail(ErrorCode::kUnsupported, "the model '{}' does not generate", model.backend->info().name);
  return std::make_unique<GenerateStep>(ask, std::move(fields), std::move(prompt), std::move(model), tools,
                                        std::move(made));
}

}  // namespace zubr::bulk
