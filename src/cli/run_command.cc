// zubr run
#include <istream>
#include <iterator>
#include <ostream>

#include "cli/chat.h"
#include "cli/command_line.h"
#include "cli/exit_code.h"
#include "cli/routing.h"
#include "core/text_file.h"
#include "core/utf8.h"

namespace zubr::cli {
namespace {

constexpr std::size_t kMaxSchemaBytes = 4 << 20;
constexpr std::size_t kMaxImageBytes = 64 << 20;

struct RunArguments {
  std::string model;
  std::vector<std::string> prompt;
  std::string system;
  std::string json_schema;
  std::vector<std::string> stop;
  std::vector<std::string> images;
  std::string seed;
  RouteArguments route;
  bool raw = false;
  bool explain = false;
};

// The argument itself when it looks like JSON, else the file of that name.
Result<std::string> read_schema(const std::string& argument) {
  const auto first = argument.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && argument[first] == '{') return argument;
  return core::read_text_file(argument, kMaxSchemaBytes);
}

Result<inference::GenerateRequest> base_request(const RunArguments& arguments, const core::Settings& settings) {
  inference::GenerateRequest request;
  request.max_tokens = static_cast<int>(settings.integer("run.max_tokens"));
  request.sampling.temperature = settings.number("run.temperature");
  request.sampling.top_k = static_cast<int>(settings.integer("run.top_k"));
  request.sampling.top_p = settings.number("run.top_p");
  request.stop = arguments.stop;
  if (!arguments.seed.empty()) {
    ZUBR_TRY(seed, parse_seed(arguments.seed));
    request.sampling.seed = seed;
  }
  if (!arguments.json_schema.empty()) {
    ZUBR_TRY(schema, read_schema(arguments.json_schema));
    request.json_schema = std::move(schema);
  }
  if (arguments.raw && !arguments.system.empty())
    return fail(ErrorCode::kInvalidArgument,
                "--raw gives the model the prompt as it is; it cannot have --system beside it");
  if (!arguments.system.empty()) request.messages.push_back({inference::Role::kSystem, arguments.system});
  return request;
}

// The words of the command line, and what standard input holds when it is not a terminal: both, in that order.
Result<std::string> read_prompt(const RunArguments& arguments, Console& console) {
  std::string prompt = fmt::format("{}", fmt::join(arguments.prompt, " "));
  if (!console.in_is_terminal) {
    const std::string piped{std::istreambuf_iterator<char>(console.in), std::istreambuf_iterator<char>()};
    if (!prompt.empty() && !piped.empty()) prompt += "\n\n";
    prompt += piped;
  }
  if (prompt.empty())
    return fail(ErrorCode::kInvalidArgument, "the prompt is empty; give it after the model or on standard input");
  if (!core::utf8_valid(prompt))
    return fail(ErrorCode::kInvalidArgument,
                "the prompt is not UTF-8 (byte {}); convert it first, for example with iconv",
                core::utf8_valid_prefix(prompt));
  return prompt;
}

Result<inference::Message> message_with_images(const RunArguments& arguments, std::string prompt) {
  inference::Message message{inference::Role::kUser, std::move(prompt)};
  for (const std::string& file : arguments.images) {
    ZUBR_TRY(bytes, core::read_text_file(file, kMaxImageBytes));
    message.media.push_back({.bytes = std::move(bytes), .at = 0});
  }
  return message;
}

// Who answered and what it cost: on a terminal, or where it was asked for.
void tell(const router::RouteRecord& record, bool explain, Console& console) {
  if (!explain && !console.err_is_terminal) return;
  if (record.masked > 0)
    console.err << message("[{} values were masked on the way out and put back in the answer]", record.masked) << "\n";
  std::optional<core::PicoDollars> cost;
  for (const router::Attempt& attempt : record.attempts)
    if (attempt.cost) cost = core::PicoDollars{(cost ? cost->count : 0) + attempt.cost->count};
  console.err << message("[{}; cost {}]", router::route_line(record), cost_text(cost)) << "\n";
}

// Here, unless it was said that it may go elsewhere: by naming a provider, in the name or beside it, or by --route.
Result<std::shared_ptr<inference::Backend>> open(const RunArguments& arguments, Session& session) {
  const auto model = session.store.resolve(arguments.model);
  if (model && !arguments.route.any()) {
    // A prompt or two do not pay for packing the weights.
    const std::string compute = session.settings.text("compute");
    return session.open_model(*model, 1, compute == "auto" ? "ggml" : compute);
  }
  ZUBR_TRY(table, provider_table(session));
  const bool names_provider = table.find(arguments.model.substr(0, arguments.model.find('/'))) != nullptr &&
                              arguments.model.find('/') != std::string::npos;
  if (!arguments.route.any() && !names_provider) return fail(model.error());
  if (!arguments.route.provider.empty() && table.find(arguments.route.provider) == nullptr)
    return fail(ErrorCode::kNotFound, "there is no provider '{}'; see: zubr providers", arguments.route.provider);
  ZUBR_TRY(route, route_of(arguments.route, arguments.model, session));
  ZUBR_TRY(routing, open_routing(session));
  return std::make_shared<router::RoutedModel>(
      routing.router, std::move(route),
      [&console = session.console, explain = arguments.explain](const router::RouteRecord& record) {
        tell(record, explain, console);
      });
}

Result<int> run(const RunArguments& arguments, Session& session) {
  ZUBR_TRY(request, base_request(arguments, session.settings));
  Console& console = session.console;
  const bool chat = arguments.prompt.empty() && console.in_is_terminal && !arguments.raw;
  if (!arguments.images.empty() && (chat || arguments.raw))
    return fail(ErrorCode::kInvalidArgument, "--image needs a prompt about it, and no --raw");
  std::string prompt;
  if (!chat) {
    // A name that is none is said before standard input is read.
    if (auto model = session.store.resolve(arguments.model);
        !model && !arguments.route.any() && arguments.model.find('/') == std::string::npos)
      return fail(std::move(model).error());
    ZUBR_TRY(text, read_prompt(arguments, console));
    prompt = std::move(text);
  }
  ZUBR_TRY(backend, open(arguments, session));
  if (chat) return chat_loop(*backend, std::move(request), session);
  if (arguments.raw) {
    request.raw_prompt = prompt;
  } else {
    ZUBR_TRY(message, message_with_images(arguments, std::move(prompt)));
    request.messages.push_back(std::move(message));
  }
  ZUBR_CHECK(stream_answer(*backend, request, session));
  return kExitOk;
}

}  // namespace

void add_run(CLI::App& root, CommandLine& line) {
  CLI::App* command = line.add_command(root, "run", "Let a model answer a prompt, or talk with it", "Models",
                                       "  zubr run tinytalk \"Once upon a time\" --temperature 0\n"
                                       "  cat letter.txt | zubr run bielik \"Summarise this letter:\"\n"
                                       "  zubr run bielik --json-schema '{\"type\":\"object\"}' \"A person as JSON\"\n"
                                       "  zubr run llama3.2-vision --image receipt.png \"What is the total?\"\n"
                                       "  zubr run groq/llama-3.1-8b-instant \"Hello\"\n"
                                       "  zubr run llama-3.1-8b-instruct --route cheapest --privacy zdr \"Hello\"\n"
                                       "On a terminal without a prompt it is a conversation; /bye ends it.\n");
  const auto arguments = std::make_shared<RunArguments>();
  command->add_option("MODEL", arguments->model, "a name from `zubr models list`, a GGUF file, or PROVIDER/MODEL")
      ->required()
      ->type_name(kModelType);
  command
      ->add_option("PROMPT", arguments->prompt, "what to answer; standard input, where there is some, is added to it")
      ->type_name(kTextType);
  command->add_option("--system", arguments->system, "the system message")->type_name(kTextType);
  command
      ->add_option("--json-schema", arguments->json_schema,
                   "the answer is JSON that this schema accepts (JSON or a file)")
      ->type_name("FILE|JSON");
  command->add_option("--stop", arguments->stop, "end the answer before this text; may be given several times")
      ->type_name(kTextType)
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);  // the prompt may follow
  command->add_option("--seed", arguments->seed, "the same seed gives the same answer; a fresh one each time otherwise")
      ->type_name(kNumberType);
  command
      ->add_option(
          "--image", arguments->images,
          "a picture (PNG, JPEG, GIF, BMP) or a sound (WAV, MP3) before the prompt, for models that see or hear; "
          "may be given several times")
      ->type_name(kFileType)
      ->expected(1)
      ->take_all()
      ->allow_extra_args(false);  // the prompt may follow
  add_route_options(*command, arguments->route);
  command->add_flag("--explain", arguments->explain, "say who answered, why, and what it cost");
  command->add_flag("--raw", arguments->raw, "give the model the prompt as it is, without its chat template");
  for (const char* name :
       {"run.temperature", "run.top_k", "run.top_p", "run.max_tokens", "threads", "context", "compute", "progress"})
    line.add_setting(*command, name);
  for (const core::Setting& setting : line.registry().all())
    if (setting.name.starts_with("engine.") && setting.name != "engine.adapters")
      line.add_setting(*command, setting.name);
  command->callback(
      [&line, arguments] { line.action = [arguments](Session& session) { return run(*arguments, session); }; });
}

}  // namespace zubr::cli
