// zubr tune
#include <ostream>

#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/json_text.h"
#include "cli/trainer_program.h"
#include "cli/tune_data.h"
#include "cli/tune_text.h"
#include "core/display.h"
#include "core/temp_dir.h"

namespace zubr::cli {
namespace {

struct TuneArguments {
  std::string base, data, name, validation;
  TuneDataArguments columns;
  train::TunePlan plan;
  std::string targets = "all", schedule = "cosine";
  std::int64_t max_tokens = 2048;
  double validation_share = 0.05;
  bool dry_run = false, skip_bad = false, restart = false, replace = false, json = false;
};

// What a run works with.
struct Prepared {
  train::TunePlan plan;
  train::Material material;
  train::RecordForm form = train::RecordForm::kChat;
  std::string preview;  // the first example as the model reads it
};

std::vector<std::string> split_names(const std::string& text) {
  std::vector<std::string> names;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    if (end > at) names.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return names;
}

// The trainer is another process: a model inside this one is copied to where it can be read.
Result<std::filesystem::path> file_for_trainer(const std::filesystem::path& file, const train::TuneFolder& folder) {
  if (file.parent_path() != "/proc/self/fd") return std::filesystem::absolute(file);
  std::error_code error;
  std::filesystem::create_directories(folder.root, error);
  const auto copy = folder.root / "base.gguf";
  std::filesystem::copy_file(file, copy, std::filesystem::copy_options::overwrite_existing, error);
  if (error) return fail(ErrorCode::kIo, "cannot copy the base model to '{}': {}", copy.string(), error.message());
  return copy;
}

Result<train::TunePlan> make_plan(const TuneArguments& arguments, const models::ResolvedModel& base,
                                  const train::TuneFolder& folder, Session& session) {
  train::TunePlan plan = arguments.plan;
  ZUBR_TRY(file, file_for_trainer(base.file, folder));
  plan.base = std::move(file);
  plan.name = arguments.name;
  plan.linear = arguments.schedule == "linear";
  plan.threads = static_cast<int>(session.settings.integer("threads"));
  if (arguments.targets == "attention") {
    plan.lora.targets = {"attn_q", "attn_k", "attn_v", "attn_output"};
  } else if (arguments.targets != "all") {
    plan.lora.targets = split_names(arguments.targets);
  }
  ZUBR_CHECK(train::check_plan(plan));
  return plan;
}

Result<Prepared> prepare(const TuneArguments& arguments, const train::TuneFolder& folder, Session& session) {
  ZUBR_TRY(base, session.find_model(arguments.base));
  Prepared prepared;
  ZUBR_TRY(plan, make_plan(arguments, base, folder, session));
  prepared.plan = std::move(plan);
  ZUBR_TRY(maker, train::ExampleMaker::open(base.file));
  ZUBR_TRY(options, arguments.columns.options(maker.has_template()));
  const core::TempDir scratch;
  const auto stop = session.interrupt.token();
  ZUBR_TRY(data, train::read_dialogues(arguments.data, options, scratch.path(), stop));
  prepared.form = data.form;
  std::optional<train::DialogueFile> held;
  if (!arguments.validation.empty()) {
    ZUBR_TRY(file, train::read_dialogues(arguments.validation, options, scratch.path(), stop));
    held = std::move(file);
  }
  train::MaterialOptions how;
  how.max_tokens = arguments.max_tokens;
  if (maker.context_tokens() > 0) how.max_tokens = std::min<std::int64_t>(how.max_tokens, maker.context_tokens());
  how.validation_share = arguments.validation_share;
  how.seed = arguments.plan.seed;
  ZUBR_TRY(material, train::gather(maker, data, held ? &*held : nullptr, how));
  prepared.material = std::move(material);
  const train::Example& first = prepared.material.train.front();
  prepared.preview = maker.text(first.prompt) + "⟦" + maker.text(first.answer) + "⟧";
  return prepared;
}

// Shows what happens: one live line on a terminal, else a line for each evaluation and every tenth of the steps.
class TuneDisplay {
 public:
  TuneDisplay(Session& session, std::int64_t tokens) : session_(session), tokens_(tokens) {}
  ~TuneDisplay() { clear(); }
  TuneDisplay(const TuneDisplay&) = delete;
  TuneDisplay& operator=(const TuneDisplay&) = delete;

  void show(const train::TuneEvent& event) {
    using Kind = train::TuneEvent::Kind;
    if (!session_.settings.enabled("progress")) return;
    const std::string text = event_text(event, std::max<std::int64_t>(0, tokens_ - event.tokens));
    if (text.empty()) return;
    if (event.kind == Kind::kStep && session_.console.err_is_terminal) {
      session_.console.err << "\r\x1b[K" << text.substr(0, session_.console.width) << std::flush;
      drawn_ = true;
      return;
    }
    if (event.kind == Kind::kStep && event.step % std::max<std::int64_t>(1, event.steps / 10) != 0) return;
    clear();
    session_.console.err << text << "\n" << std::flush;
  }

 private:
  void clear() {
    if (drawn_) session_.console.err << "\r\x1b[K" << std::flush;
    drawn_ = false;
  }

  Session& session_;
  std::int64_t tokens_;
  bool drawn_ = false;
};

Result<int> dry_run(const TuneArguments& arguments, const Prepared& prepared, const train::TuneFolder& folder,
                    Session& session) {
  const train::TunePlan& plan = prepared.plan;
  ZUBR_CHECK(train::write_plan(plan, prepared.material.train, prepared.material.validation, folder, false));
  ZUBR_TRY(trainer, find_trainer(core::process_environment()));
  train::TuneEvent trial;
  ZUBR_CHECK(run_trainer(
      trainer, {"trial", folder.root.string()}, [&](const train::TuneEvent& event) { trial = event; },
      session.interrupt.token()));
  const std::int64_t tokens = plan.epochs * prepared.material.report.lengths.tokens;
  const std::int64_t steps = plan.steps(std::ssize(prepared.material.train));
  const double seconds = static_cast<double>(tokens) / std::max(1e-9, trial.tokens_per_second);
  if (arguments.json) {
    session.console.out << json_text(Json::object({{"data", material_json(prepared.material, prepared.form)},
                                                   {"steps", steps},
                                                   {"tokens", tokens},
                                                   {"trained_parameters", trial.parameters},
                                                   {"tokens_per_s", trial.tokens_per_second},
                                                   {"memory_bytes", trial.tokens},
                                                   {"seconds", seconds},
                                                   {"preview", prepared.preview}}));
    return kExitOk;
  }
  const auto time = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds));
  session.console.out << message("the first example, its answer in ⟦⟧:") << "\n"
                      << prepared.preview << "\n\n"
                      << message(
                             "{} steps over {} tokens, {} trained parameters; measured here: {} tokens/s and {} of "
                             "memory, so about {}",
                             core::display_count(steps), core::display_count(tokens),
                             core::display_count(trial.parameters), core::display_rate(trial.tokens_per_second),
                             core::display_bytes(static_cast<std::uint64_t>(trial.tokens)),
                             core::display_duration(time))
                      << "\n";
  return kExitOk;
}

Result<void> check_free(const TuneArguments& arguments, const train::TuneFolder& folder, Session& session) {
  const auto known = session.store.find(arguments.name);
  if (!known || arguments.replace || known->file == folder.merged()) return {};
  return fail(ErrorCode::kAlreadyExists, "'{}' is a model already; give --replace or another name", arguments.name);
}

Result<int> tune(const TuneArguments& arguments, Session& session) {
  ZUBR_CHECK(models::check_model_name(arguments.name));
  const core::TempDir scratch;
  const train::TuneFolder folder{arguments.dry_run ? scratch.path() : session.home / "tunes" / arguments.name};
  if (!arguments.dry_run) ZUBR_CHECK(check_free(arguments, folder, session));
  ZUBR_TRY(prepared, prepare(arguments, folder, session));
  const auto& report = prepared.material.report;
  session.console.err << material_text(prepared.material, prepared.form);
  if (!report.bad.empty()) {
    session.console.err << bad_rows_text(report.bad);
    if (!arguments.skip_bad && !arguments.dry_run)
      return fail(ErrorCode::kInvalidArgument, "{} of {} records cannot be used; give --skip-bad to train without them",
                  report.bad.size(), report.records);
  }
  if (arguments.dry_run) return dry_run(arguments, prepared, folder, session);
  ZUBR_TRY(trainer, find_trainer(core::process_environment()));
  ZUBR_CHECK(train::write_plan(prepared.plan, prepared.material.train, prepared.material.validation, folder,
                               arguments.restart));
  train::TuneEvent last;
  {
    TuneDisplay display(session, prepared.plan.epochs * report.lengths.tokens);
    ZUBR_CHECK(run_trainer(
        trainer, {"tune", folder.root.string()},
        [&](const train::TuneEvent& event) {
          if (event.kind == train::TuneEvent::Kind::kDone) last = event;
          display.show(event);
        },
        session.interrupt.token()));
  }
  ZUBR_TRY(entry, session.store.add(folder.merged(), arguments.name, true));
  if (arguments.json) {
    session.console.out << json_text(Json::object({{"name", entry.name},
                                                   {"model", folder.merged().string()},
                                                   {"adapter", folder.adapter().string()},
                                                   {"peft", folder.peft().string()},
                                                   {"log", folder.log().string()},
                                                   {"steps", last.step},
                                                   {"loss", last.loss},
                                                   {"data", material_json(prepared.material, prepared.form)}}));
  }
  session.console.err << message("'{}' is trained (loss {:.4f}); to try it: zubr run {}", entry.name, last.loss,
                                 entry.name)
                      << "\n"
                      << message("adapter, log and loss curve are in {}", folder.root.string()) << "\n";
  return kExitOk;
}

void add_training(CLI::App& command, TuneArguments& a) {
  const auto number = [&](const char* flag, auto& value, const char* what) {
    command.add_option(flag, value, what)->capture_default_str()->type_name(kNumberType)->group("Training");
  };
  number("--rank", a.plan.lora.rank, "of the adapter");
  number("--alpha", a.plan.lora.alpha, "strength of the adapter, divided by the rank");
  number("--dropout", a.plan.lora.dropout, "share of the adapter's inputs left out");
  command.add_flag("--rslora", a.plan.lora.rank_stabilised, "divide alpha by the root of the rank")->group("Training");
  command.add_option("--targets", a.targets, "what is adapted: all, attention, or names such as attn_q,ffn_up")
      ->capture_default_str()
      ->type_name("LIST")
      ->group("Training");
  number("--epochs", a.plan.epochs, "times through the data");
  number("--batch", a.plan.batch, "examples of a step");
  number("--tokens-at-once", a.plan.tokens_at_once, "of one pass; fewer need less memory and change no result");
  number("--rate", a.plan.rate, "learning rate at its highest");
  command.add_option("--schedule", a.schedule, "of the learning rate after its warm-up")
      ->check(CLI::IsMember({"cosine", "linear"}))
      ->capture_default_str()
      ->group("Training");
  number("--warm-up", a.plan.warm_up, "share of the steps in which the rate rises");
  number("--weight-decay", a.plan.weight_decay, "of the adapter");
  number("--clip", a.plan.clip, "the longest gradient; 0 = any");
  number("--seed", a.plan.seed, "of order, dropout and the adapter's beginning");
  number("--max-tokens", a.max_tokens, "of an example; longer ones are listed, never cut");
  number("--evaluate-every", a.plan.evaluate_every, "steps; 0 = each epoch");
  number("--patience", a.plan.patience, "evaluations without a better one before it ends; 0 = to the end");
  number("--checkpoint-every", a.plan.checkpoint_every, "steps");
  command.add_flag("--full", a.plan.full, "train all weights instead of an adapter; for small models")
      ->group("Training");
  command.add_flag("--recompute", a.plan.recompute, "less memory, a third more time")->group("Training");
  command.add_flag("--f32", a.plan.float32, "compute in float32 instead of bfloat16")->group("Training");
}

}  // namespace

void add_tune(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(
      root, "tune", "Train a model on your own data", "Training",
      "  zubr tune bielik chats.jsonl -o bielik-support\n"
      "  zubr tune built-in sorted.csv --labels categories.txt --text keyword -o keywords\n"
      "  zubr tune bielik pairs.parquet --prompt question --completion answer -o faq --dry-run\n"
      "Data: OpenAI chat, ShareGPT, Alpaca, prompt and completion (JSONL, JSON, CSV, Parquet), tables with labels.\n"
      "Ctrl-C stops it with its work kept; the same command goes on.\n");
  const auto a = std::make_shared<TuneArguments>();
  command->add_option("BASE", a->base, "the model to begin with")->required()->type_name(kModelType);
  command->add_option("DATA", a->data, "what it is to learn")->required()->type_name(kFileType);
  command->add_option("-o,--output", a->name, "the new model's name")->required()->type_name("NAME");
  command->add_option("--validation", a->validation, "data to validate with")->type_name(kFileType)->group("Data");
  command->add_option("--validation-share", a->validation_share, "of the data, where there is no --validation")
      ->check(CLI::Range(0.0, 0.5))
      ->capture_default_str()
      ->type_name(kNumberType)
      ->group("Data");
  command->add_flag("--skip-bad", a->skip_bad, "train without the records that cannot be used")->group("Data");
  a->columns.declare(*command);
  add_training(*command, *a);
  command->add_option("--type", a->plan.type, "of the new model's weights; as the base has them where it is not named")
      ->check(CLI::IsMember({"f32", "f16", "bf16", "q8_0", "q4_0"}))
      ->type_name("TYPE");
  command->add_flag("--dry-run", a->dry_run, "only say what it would take: tokens, memory, time");
  command->add_flag("--restart", a->restart, "begin anew, whatever is there of an earlier run");
  command->add_flag("--replace", a->replace, "take the name from the model that has it");
  command->add_flag("--json", a->json, "what came out, as JSON");
  for (const char* name : {"threads", "progress"}) line.add_setting(*command, name);
  command->callback([&line, a] { line.action = [a](Session& session) { return tune(*a, session); }; });
}

}  // namespace zubr::cli
