// zubr pretrain
#include <fmt/format.h>

#include <ostream>

#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/trainer_program.h"

namespace zubr::cli {
namespace {

struct PretrainArguments {
  std::string vocabulary, data, name, type = "q8_0", associations;
  std::int64_t width = 256, layers = 6, heads = 4, kv_heads = 2, head_width = 64, feed_forward = 768, context = 1024;
  std::int64_t rows = 32, row_length = 256, steps = 1000, warm_up = 100, seed = 1;
  double rate = 1e-3;
  bool replace = false, float32 = false;
};

std::vector<std::string> trainer_arguments(const PretrainArguments& a, const std::filesystem::path& folder,
                                           std::int64_t threads) {
  std::vector<std::string> words = {
      "pretrain", "--vocabulary",      a.vocabulary, "--data", a.data, "--checkpoint", folder / "checkpoint.pt",
      "--log",    folder / "log.jsonl"};
  const auto number = [&](const char* flag, auto value) {
    words.emplace_back(flag);
    words.push_back(fmt::format("{}", value));
  };
  number("--width", a.width);
  number("--layers", a.layers);
  number("--heads", a.heads);
  number("--kv-heads", a.kv_heads);
  number("--head-width", a.head_width);
  number("--feed-forward", a.feed_forward);
  number("--context", a.context);
  number("--rows", a.rows);
  number("--row-length", a.row_length);
  number("--steps", a.steps);
  number("--warm-up", a.warm_up);
  number("--rate", a.rate);
  number("--seed", a.seed);
  number("--threads", threads);
  if (a.float32) words.emplace_back("--f32");
  if (!a.associations.empty()) words.insert(words.end(), {"--associations", a.associations});
  return words;
}

Result<int> pretrain(const PretrainArguments& arguments, Session& session) {
  ZUBR_CHECK(models::check_model_name(arguments.name));
  const auto folder = session.home / "pretrained" / arguments.name;
  const auto model = folder / "model.gguf";
  if (const auto known = session.store.find(arguments.name); known && !arguments.replace && known->file != model)
    return fail(ErrorCode::kAlreadyExists, "'{}' is a model already; give --replace or another name", arguments.name);
  for (const std::string& file : {arguments.vocabulary, arguments.data})
    if (!std::filesystem::exists(file)) return fail(ErrorCode::kNotFound, "'{}' is not here", file);
  ZUBR_TRY(trainer, find_trainer(core::process_environment()));
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(ErrorCode::kIo, "cannot make '{}': {}", folder.string(), error.message());
  const auto stop = session.interrupt.token();
  ZUBR_CHECK(run_trainer(trainer, trainer_arguments(arguments, folder, session.settings.integer("threads")), {}, stop));
  ZUBR_CHECK(run_trainer(trainer,
                         {"export", "--vocabulary", arguments.vocabulary, "--checkpoint", folder / "checkpoint.pt",
                          "-o", model, "--name", arguments.name, "--type", arguments.type},
                         {}, stop));
  ZUBR_TRY(entry, session.store.add(model, arguments.name, true));
  session.console.err << message("'{}' is trained; to try it: zubr run {}", entry.name, entry.name) << "\n";
  return kExitOk;
}

}  // namespace

void add_pretrain(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(
      root, "pretrain", "Train a small model from nothing", "Training",
      "  zubr pretrain --vocabulary words.gguf --data train.jsonl -o mine --steps 2000\n"
      "Data and vocabulary: tools/train/README.md. Ctrl-C stops it with its work kept; the same command goes on.\n");
  const auto a = std::make_shared<PretrainArguments>();
  command->add_option("--vocabulary", a->vocabulary, "a GGUF file with the vocabulary, as zubr-vocabulary writes")
      ->required()
      ->type_name(kFileType);
  command->add_option("--data", a->data, "samples, JSONL")->required()->type_name(kFileType);
  command->add_option("-o,--output", a->name, "the new model's name")->required()->type_name("NAME");
  command->add_option("--associations", a->associations, "groups of texts for the embedding's starting values")
      ->type_name(kFileType);
  command->add_option("--type", a->type, "of the weights")
      ->check(CLI::IsMember({"f32", "f16", "q8_0"}))
      ->capture_default_str()
      ->type_name("TYPE");
  const auto number = [&](const char* flag, auto& value, const char* what, const char* group) {
    command->add_option(flag, value, what)->capture_default_str()->type_name(kNumberType)->group(group);
  };
  number("--width", a->width, "of the states", "Shape");
  number("--layers", a->layers, "one after the other", "Shape");
  number("--heads", a->heads, "of attention", "Shape");
  number("--kv-heads", a->kv_heads, "keys and values that they share", "Shape");
  number("--head-width", a->head_width, "of one", "Shape");
  number("--feed-forward", a->feed_forward, "width inside a layer", "Shape");
  number("--context", a->context, "tokens", "Shape");
  number("--rows", a->rows, "of a step", "Training");
  number("--row-length", a->row_length, "tokens", "Training");
  number("--steps", a->steps, "in all", "Training");
  number("--warm-up", a->warm_up, "steps in which the rate rises", "Training");
  number("--rate", a->rate, "learning rate at its highest", "Training");
  number("--seed", a->seed, "of weights and dropout", "Training");
  command->add_flag("--f32", a->float32, "compute in float32 instead of bfloat16")->group("Training");
  command->add_flag("--replace", a->replace, "take the name from the model that has it");
  line.add_setting(*command, "threads");
  command->callback([&line, a] { line.action = [a](Session& session) { return pretrain(*a, session); }; });
}

}  // namespace zubr::cli
